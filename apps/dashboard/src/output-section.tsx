import type { OutputEvent } from '@switchyard/domain';
import { useEffect, useState } from 'react';
import { AnsiText } from './ansi-text.tsx';
import { LogPane } from './log-pane.tsx';
import { NO_OUTPUT, type OutputLines, withOutput } from './output-lines.ts';
import { client } from './session.tsx';

/** The last lines that were printed before the page was opened. */
const TAIL = 200;
/** How often the page is drawn again at most: a burst of lines is one change. */
const FLUSH_MS = 100;

/** What the app's instances print, as they do. */
export function OutputSection({ app }: { app: string }) {
  const { lines, connection } = useOutput(app);
  const [following, setFollowing] = useState(true);

  if (lines.length === 0) return null;
  return (
    <section className="log app-output" aria-labelledby="output">
      <header className="log-bar">
        <h2 id="output">Output</h2>
        {connection === 'lost' && <span className="soft">The connection is lost; trying again.</span>}
        <a className="log-text" href={`/v1/apps/${encodeURIComponent(app)}/logs`} target="_blank" rel="noreferrer">
          As text
        </a>
      </header>
      <LogPane label="Lines of output" following={following} onFollowing={setFollowing}>
        {lines.map(({ key, number, at, instanceId, text }) => (
          <div className="log-line" key={key} title={`${new Date(at).toLocaleString()} · ${instanceId}`}>
            <span className="log-number" aria-hidden="true">
              #{number}
            </span>
            <AnsiText text={text} />
          </div>
        ))}
      </LogPane>
    </section>
  );
}

function useOutput(app: string): { lines: OutputLines; connection: 'open' | 'lost' } {
  const [lines, setLines] = useState<OutputLines>(NO_OUTPUT);
  const [connection, setConnection] = useState<'open' | 'lost'>('open');
  useEffect(() => follow(app, (events) => setLines((before) => withOutput(before, events)), setConnection), [app]);
  return { lines, connection };
}

/** Follows until the answered function is called. */
function follow(
  app: string,
  take: (events: readonly OutputEvent[]) => void,
  onConnection: (state: 'open' | 'lost') => void,
): () => void {
  const ending = new AbortController();
  let pending: OutputEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    take(pending);
    pending = [];
  };
  const run = async (): Promise<void> => {
    for await (const event of client.followOutput(app, { tail: TAIL, signal: ending.signal, onConnection })) {
      pending.push(event);
      timer ??= setTimeout(flush, FLUSH_MS);
    }
  };
  // The page's own reading of the app says what is wrong.
  run().catch(() => undefined);
  return () => {
    ending.abort();
    clearTimeout(timer);
  };
}

import { STAGE_TRAITS, type StageName } from '@switchyard/domain';
import { memo, useEffect, useMemo, useState } from 'react';
import { AnsiText } from './ansi-text.tsx';
import { LogPane } from './log-pane.tsx';
import { chunked, type LogLine, type LogLines, stagesIn } from './log-store.ts';

interface LogViewProps {
  readonly deploymentId: string;
  readonly log: LogLines;
  readonly isRunning: boolean;
  readonly stage: StageName | null;
  readonly onStage: (stage: StageName | null) => void;
  /** A line to scroll to and mark. */
  readonly target: { readonly key: string } | null;
}

/** What a line that is not wrapped takes: chunks out of sight are assumed to be this high. */
const LINE_HEIGHT_PX = 20.8;

/** The log, following its end until the reader scrolls up. */
export function LogView({ deploymentId, log, isRunning, stage, onStage, target }: LogViewProps) {
  const [following, setFollowing] = useState(true);
  const stages = useMemo(() => stagesIn(log.lines), [log.lines]);
  const lines = useMemo(
    () => (stage === null ? log.lines : log.lines.filter((line) => line.stage === stage)),
    [log.lines, stage],
  );
  const chunks = useMemo(() => chunked(lines), [lines]);

  useEffect(() => {
    if (target === null) return;
    const line = document.getElementById(`log-${target.key}`);
    line?.scrollIntoView({ block: 'center' });
    line?.focus({ preventScroll: true });
  }, [target]);

  return (
    <section className="log" aria-labelledby="log-title">
      <header className="log-bar">
        <h2 id="log-title">Log</h2>
        <fieldset className="log-filter" aria-label="Stage">
          <button type="button" aria-pressed={stage === null} onClick={() => onStage(null)}>
            All
          </button>
          {(stage === null || stages.includes(stage) ? stages : [...stages, stage]).map((name) => (
            <button key={name} type="button" aria-pressed={stage === name} onClick={() => onStage(name)}>
              {STAGE_TRAITS[name].title}
            </button>
          ))}
        </fieldset>
        <a
          className="log-text"
          href={`/v1/deployments/${encodeURIComponent(deploymentId)}/logs${stage === null ? '' : `?stage=${stage}`}`}
          target="_blank"
          rel="noreferrer"
        >
          As text
        </a>
      </header>
      <div className="log-frame">
        <LogPane label="Log lines" following={following} onFollowing={setFollowing}>
          {log.dropped > 0 && stage === null && (
            <p className="log-note">{log.dropped.toLocaleString()} earlier lines are in the log as text.</p>
          )}
          {lines.length === 0 && (
            <p className="log-note">{isRunning ? 'Nothing written yet.' : 'Nothing was written.'}</p>
          )}
          {chunks.map((chunk) => (
            <Chunk key={chunk.key} lines={chunk.lines} withStage={stage === null} target={target?.key ?? null} />
          ))}
          {isRunning && following && lines.length > 0 && <span className="log-cursor" aria-hidden="true" />}
        </LogPane>
        {!following && (
          <button type="button" className="log-follow" onClick={() => setFollowing(true)}>
            {isRunning ? 'Follow' : 'To the end'} <span aria-hidden="true">↓</span>
          </button>
        )}
      </div>
    </section>
  );
}

interface ChunkProps {
  readonly lines: readonly LogLine[];
  readonly withStage: boolean;
  readonly target: string | null;
}

const Chunk = memo(
  function Chunk({ lines, withStage, target }: ChunkProps) {
    return (
      <div className="log-chunk" style={{ containIntrinsicSize: `auto ${lines.length * LINE_HEIGHT_PX}px` }}>
        {lines.map((line, index) => {
          const isFirst = withStage && lines[index - 1]?.stage !== line.stage && line.number === 1;
          return (
            <div
              key={line.key}
              id={`log-${line.key}`}
              className={line.key === target ? 'log-line marked' : 'log-line'}
              tabIndex={-1}
              data-stage={isFirst ? STAGE_TRAITS[line.stage].title : undefined}
            >
              <span className="log-number" aria-hidden="true">
                {line.number}
              </span>
              <AnsiText text={line.text} />
            </div>
          );
        })}
      </div>
    );
  },
  (before, after) =>
    before.withStage === after.withStage &&
    before.target === after.target &&
    before.lines.length === after.lines.length &&
    before.lines[0] === after.lines[0] &&
    before.lines.at(-1) === after.lines.at(-1),
);

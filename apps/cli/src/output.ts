import type { OutputOptions } from '@switchyard/client';
import type { OutputEvent } from '@switchyard/domain';
import { EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { withKnownApps } from './find-deployment.ts';
import type { Colors } from './text.ts';

/** Prints what an app's instances print; with `follow` until it is interrupted. */
export async function printOutput(
  { client, terminal }: Context,
  app: string,
  { follow, times = false, ...wanted }: OutputOptions & { follow: boolean; times?: boolean },
): Promise<number> {
  await withKnownApps(client, () => client.app(app));
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  const onConnection = (state: 'open' | 'lost'): void => {
    if (state === 'lost') terminal.note(terminal.colors.yellow('The connection to the api is lost; trying again.'));
  };
  const { signal } = interrupted;
  process.once('SIGINT', onInterrupt);
  try {
    const events = follow
      ? client.followOutput(app, { ...wanted, signal, onConnection })
      : client.outputEvents(app, { ...wanted, signal });
    for await (const event of events) await terminal.write(outputLines(event, times, terminal.colors));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
  return signal.aborted ? EXIT.interrupted : EXIT.ok;
}

function outputLines({ at, number, instanceId, lines }: OutputEvent, times: boolean, colors: Colors): string {
  const before = times ? `${colors.dim(`${new Date(at).toISOString()} #${number} ${instanceId}`)}  ` : '';
  return lines.map((line) => `${before}${colorsOnly(line)}\n`).join('');
}

/** An app's colours stay and end with their line; whatever else would steer the terminal goes. */
export function colorsOnly(line: string): string {
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  const kept = line.replaceAll(/\u001B\[[0-9;]*m|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, (found) =>
    found.length > 1 ? found : '',
  );
  return kept.includes('\u001B[') ? `${kept}\u001B[0m` : kept;
}

import { type Client, type DeploymentView, stageLines } from '@switchyard/client';
import { EXIT } from './command-error.ts';
import type { Terminal } from './terminal.ts';
import { statusCell } from './text.ts';

export interface FollowOptions {
  readonly follow: boolean;
  readonly json?: boolean;
}

/** Shows what was started and, unless that is not wanted, everything that happens to it until it ends. Answers the exit code. */
export async function follow(
  client: Client,
  terminal: Terminal,
  started: DeploymentView,
  options: FollowOptions,
): Promise<number> {
  const name = `${started.app} #${started.number}`;
  if (!options.follow) {
    if (options.json) terminal.json(started);
    else terminal.print(`${terminal.colors.bold(name)}  ${started.id}  ${started.page}`);
    return EXIT.ok;
  }
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once('SIGINT', onInterrupt);
  try {
    if (!options.json) terminal.print(`${terminal.colors.bold(name)}  ${terminal.colors.dim(started.page)}`);
    await show(client, terminal, started, { ...options, signal: interrupted.signal });
  } finally {
    process.off('SIGINT', onInterrupt);
  }
  if (interrupted.signal.aborted) {
    terminal.note(
      `${name} goes on. \`switchyard logs -f '${started.app}#${started.number}'\` follows it, \`switchyard cancel '${started.app}#${started.number}'\` ends it.`,
    );
    return EXIT.interrupted;
  }
  const ended = await client.deployment(started.id);
  if (options.json) terminal.json(ended);
  else for (const line of endLines(ended, terminal)) terminal.print(line);
  return ended.status === 'succeeded' ? EXIT.ok : EXIT.failed;
}

async function show(
  client: Client,
  terminal: Terminal,
  { id }: DeploymentView,
  { json, signal }: { json?: boolean; signal: AbortSignal },
): Promise<void> {
  const lines = stageLines(terminal.colors);
  const onConnection = (state: 'open' | 'lost'): void => {
    if (state === 'lost') terminal.note(terminal.colors.yellow('The connection to the api is lost; trying again.'));
  };
  for await (const event of client.events(id, { signal, onConnection })) {
    if (json) continue;
    // The log's own colours stay: the worker cut what would move the cursor.
    if (event.type === 'log')
      for (const line of event.data.lines) terminal.print(`  ${terminal.colors.dim('│')} ${line}${reset(line)}`);
    else for (const line of lines(event)) terminal.print(line);
  }
}

function reset(line: string): string {
  return line.includes('\u001B[') ? '\u001B[0m' : '';
}

function endLines(deployment: DeploymentView, { colors }: Terminal): string[] {
  const { plain, shown = plain } = statusCell(deployment.status, colors);
  const name = colors.bold(`${deployment.app} #${deployment.number}`);
  if (deployment.status === 'succeeded') return ['', `${name} ${shown}  ${colors.cyan(deployment.url)}`];
  return [`${name} ${shown}${deployment.liveAt === null ? '; what was live before still is' : ''}`];
}

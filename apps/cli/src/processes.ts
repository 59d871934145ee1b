import type { Client, ProcessView } from '@switchyard/client';
import { CommandError, EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { age, type Colors, table } from './text.ts';

const POLL_MS = 500;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `90`, `90s`, `20m`, `1h`, `500ms` → milliseconds; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, number, unit] = /^(\d{1,8})(ms|s|m|h)?$/.exec(text) ?? [];
  const unitMs = UNITS[unit ?? 's'];
  return number === undefined || unitMs === undefined ? null : Number(number) * unitMs;
}

const IN_HAND = { worker: 'stage', runner: 'start', router: 'request', api: 'request' } as const;

function inHandText({ kind, inHand }: ProcessView): string {
  return inHand === 0 ? '' : `${inHand} ${IN_HAND[kind]}${inHand === 1 ? '' : 's'}`;
}

function processRows(processes: readonly ProcessView[], nowMs: number, colors: Colors): string[] {
  const head = ['PROCESS', 'KIND', 'HOST', 'VERSION', 'STARTED', 'STATE', 'IN HAND'];
  return table([
    head.map((plain) => ({ plain, shown: colors.dim(plain) })),
    ...processes.map((one) => [
      { plain: one.id, shown: colors.bold(one.id) },
      { plain: one.kind },
      { plain: one.hostId },
      { plain: one.version },
      { plain: age(one.startedAt, nowMs) },
      { plain: one.state, shown: one.state === 'working' ? colors.green(one.state) : colors.yellow(one.state) },
      { plain: inHandText(one) },
    ]),
  ]);
}

export async function listProcesses({ client, terminal }: Context, { json }: { json?: boolean }): Promise<number> {
  const processes = await client.processes();
  if (json) terminal.json(processes);
  else if (processes.length === 0) terminal.note('No process is alive but the api that said so.');
  else for (const line of processRows(processes, terminal.now(), terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

/** By its id, or by a beginning of it that fits no other. */
async function findProcess(client: Client, word: string): Promise<ProcessView> {
  const processes = await client.processes();
  const found = processes.filter(({ id }) => id === word || id.startsWith(word) || id.startsWith(`proc_${word}`));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw new CommandError(
    only === undefined
      ? `No process \`${word}\` is alive; \`switchyard processes\` lists those that are.`
      : `Which process? ${found.map(({ id, kind }) => `${id} (${kind})`).join(', ')}.`,
  );
}

export interface EndOptions {
  readonly wait?: boolean;
  readonly json?: boolean;
}

/** Resolves when the process is not among those that are alive; an api that leaves may be the one that is asked. */
async function untilGone(client: Client, id: string): Promise<void> {
  for (;;) {
    const processes = await client.processes().catch(() => null);
    if (processes !== null && !processes.some((one) => one.id === id)) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function told(
  { client, terminal }: Context,
  word: string,
  { wait, json }: EndOptions,
  what: { readonly tell: (id: string) => Promise<ProcessView>; readonly says: string },
): Promise<number> {
  const { id } = await findProcess(client, word);
  const process = await what.tell(id);
  if (wait === true) await untilGone(client, id);
  if (json) terminal.json(process);
  else terminal.note(wait === true ? `${process.kind} ${id} has gone.` : `${process.kind} ${id} ${what.says}`);
  return EXIT.ok;
}

export async function quietProcess(context: Context, word: string, options: EndOptions): Promise<number> {
  const tell = (id: string) => context.client.quietProcess(id);
  return await told(context, word, options, { tell, says: 'takes nothing new from now on.' });
}

export async function drainProcess(
  context: Context,
  word: string,
  { deadline, ...options }: EndOptions & { deadline?: number },
): Promise<number> {
  const tell = (id: string) => context.client.drainProcess(id, deadline === undefined ? {} : { deadlineMs: deadline });
  return await told(context, word, options, { tell, says: 'ends what it has in hand, and leaves.' });
}

export async function killProcess(context: Context, word: string, options: EndOptions): Promise<number> {
  const tell = (id: string) => context.client.killProcess(id);
  return await told(context, word, options, { tell, says: 'is killed; what it had in hand is taken over.' });
}

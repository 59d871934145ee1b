import { type ChildProcess, spawn } from 'node:child_process';
import { LIMITS } from '@switchyard/domain';
import type { Exit } from '../platform.ts';
import { endAll } from './ending.ts';
import { carry, commandLine, type Entrance } from './entrance.ts';
import { shellExit } from './exit.ts';
import { firstProcess, groupLeader } from './first-process.ts';
import { membersOf, send } from './process-table.ts';

export interface CommandRequest {
  readonly entrance: Entrance;
  readonly command: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** `NAME=value` of `env` that no other command's environment has. */
  readonly mark: string;
  readonly output: number;
  /** Aborting it ends the command: SIGTERM to all its processes, SIGKILL after the grace. */
  readonly signal: AbortSignal;
  readonly graceMs?: number;
}

function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Not `close`: something that holds the output must not delay the end.
    child.once('exit', (code, signal) => resolve(code === null ? { code: null, signal } : shellExit(code)));
  });
}

/** Runs one command with `sh -c`; resolves when none of its processes is left. */
export async function runGuarded(request: CommandRequest): Promise<Exit> {
  const { entrance, signal, mark } = request;
  const { env, unpack } = carry(request.env);
  const line = commandLine(entrance.as, unpack);
  const [program = 'sh', ...args] = [
    ...entrance.prefix,
    '/bin/sh',
    '-c',
    entrance.mode === 'namespace' ? firstProcess(entrance.enter, line) : groupLeader(line),
    'sh',
    request.command,
  ];
  const child = spawn(program, args, {
    cwd: entrance.directory,
    env,
    // Of its own session: Ctrl-C at the worker's terminal is the worker's to handle.
    detached: true,
    stdio: ['ignore', request.output, request.output],
  });
  let hasExited = false;
  const exit = ended(child).finally(() => {
    hasExited = true;
  });
  const { pid } = child;
  if (pid === undefined) return await exit;

  // An empty namespace is what its first process leaves behind. Elsewhere it has to be looked for.
  const members = () => membersOf(hasExited ? null : pid, mark);
  const isOver = () => hasExited && ((entrance.mode === 'namespace' && !signal.aborted) || members().length === 0);
  const killGuard = () => {
    if (!hasExited) send(entrance.mode === 'group' ? -pid : pid, 'SIGKILL');
  };
  const graceMs = request.graceMs ?? LIMITS.commandGraceMs;
  const mayBeOver = exit.catch(() => {});
  let ending: Promise<void> | undefined;
  const onAbort = () => {
    ending = endAll({ members, isOver, mayBeOver, graceMs, killGuard });
  };
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await exit;
    await ending;
    if (!isOver()) await endAll({ members, isOver, graceMs: 0, killGuard });
    if (answer.code !== 0 && !signal.aborted) await entrance.confirm();
    return answer;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

import { spawn, type ChildProcess } from 'node:child_process';
import { LIMITS } from '@switchyard/domain';
import type { Exit } from '../platform.ts';
import { shellExit } from './exit.ts';
import { FIRST_PROCESS, GROUP_LEADER } from './first-process.ts';
import type { Guard } from './guard.ts';
import { membersOf, send } from './process-table.ts';

export interface CommandRequest {
  readonly guard: Guard;
  readonly command: string;
  readonly directory: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** `NAME=value` of `env` that no other command's environment has. */
  readonly mark: string;
  readonly output: number;
  /** Aborting it ends the command: SIGTERM to all its processes, SIGKILL after the grace. */
  readonly signal: AbortSignal;
  readonly graceMs?: number;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Not `close`: something that holds the output must not delay the end.
    child.once('exit', (code, signal) => resolve(code === null ? { code: null, signal } : shellExit(code)));
  });
}

/** Runs one command with `sh -c`; resolves when none of its processes is left. */
export async function runGuarded(request: CommandRequest): Promise<Exit> {
  const { guard, signal, mark } = request;
  const [program = 'sh', ...args] = [
    ...guard.prefix,
    '/bin/sh',
    '-c',
    guard.mode === 'namespace' ? FIRST_PROCESS : GROUP_LEADER,
    'sh',
    request.command,
  ];
  const child = spawn(program, args, {
    cwd: request.directory,
    env: { ...request.env },
    // Of its own session: Ctrl-C at the worker's terminal is the worker's to handle.
    detached: true,
    stdio: ['ignore', request.output, request.output],
  });
  const exit = ended(child);
  const over = exit.then(
    () => true,
    () => true,
  );
  const pid = child.pid;
  if (pid === undefined) return await exit;

  const graceMs = request.graceMs ?? LIMITS.commandGraceMs;
  let ending: Promise<void> | undefined;
  const onAbort = () => {
    ending = end();
  };
  async function end(): Promise<void> {
    const deadline = performance.now() + graceMs;
    const members = () => membersOf(guard.mode === 'namespace' ? (pid ?? null) : null, mark);
    for (const member of members()) send(member, 'SIGTERM');
    if (await Promise.race([over, pause(graceMs).then(() => false)])) {
      // In a namespace the first process has waited for the others.
      while (guard.mode === 'group' && performance.now() < deadline && members().length > 0) await pause(20);
      return;
    }
    for (const member of members()) send(member, 'SIGKILL');
    if (pid !== undefined) send(pid, 'SIGKILL');
  }

  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const answer = await exit;
    await ending;
    // An empty namespace is what its first process leaves behind; an abort may have struck before there was one.
    if (guard.mode === 'group' || signal.aborted) await clear(guard, pid, mark);
    return answer;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function clear(guard: Guard, pid: number, mark: string): Promise<void> {
  for (;;) {
    if (guard.mode === 'group') send(-pid, 'SIGKILL');
    const left = membersOf(null, mark);
    if (left.length === 0) return;
    for (const member of left) send(member, 'SIGKILL');
    await pause(5);
  }
}

import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { findProgram } from './guard.ts';
import { send } from './process-table.ts';

const GRACE_MS = 1_000;
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

export interface OwnCommand {
  readonly words: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly directory?: string;
  /** A stream that breaks ends the command, and rejects with its error. */
  readonly input?: string | Readable;
  readonly timeoutMs?: number;
  /** More on stdout or stderr ends the command. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onStderr?: ((chunk: Buffer) => void) | undefined;
}

export interface OwnAnswer {
  readonly succeeded: boolean;
  /** It was ended for what it put out. */
  readonly isTooMuch: boolean;
  readonly stdout: Buffer;
  /** What it said, or why it could not be run. */
  readonly stderr: string;
}

/**
 * Runs a program for the platform itself (git, npm): not a user's command, so no namespace, but it ends with this process too (Linux),
 * and an abort or a time-out ends its whole group: git's helpers hold its output, and would delay the end. Rejects with the signal's
 * reason; everything else is an answer.
 */
export async function runOwn({
  words,
  env,
  directory,
  input,
  timeoutMs,
  maxOutputBytes = MAX_OUTPUT_BYTES,
  signal,
  onStderr,
}: OwnCommand): Promise<OwnAnswer> {
  signal?.throwIfAborted();
  const setpriv = process.platform === 'linux' ? findProgram('setpriv') : null;
  const prefix = setpriv === null ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
  const [program = '', ...args] = [...prefix, ...words];
  const child = execa(program, args, {
    reject: false,
    extendEnv: false,
    env: { ...env },
    detached: true,
    encoding: 'buffer',
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
    ...(directory === undefined ? {} : { cwd: directory }),
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  });
  const timers: NodeJS.Timeout[] = [];
  const endGroup = () => {
    const { pid } = child;
    if (pid === undefined) return;
    send(-pid, 'SIGTERM');
    timers.push(setTimeout(() => send(-pid, 'SIGKILL'), GRACE_MS));
  };
  if (onStderr !== undefined) child.stderr?.on('data', onStderr);
  if (timeoutMs !== undefined) timers.push(setTimeout(endGroup, timeoutMs));
  signal?.addEventListener('abort', endGroup, { once: true });
  try {
    const result = await child;
    signal?.throwIfAborted();
    const stderr = Buffer.from(result.stderr ?? []).toString();
    return {
      succeeded: !result.failed,
      isTooMuch: result.isMaxBuffer,
      stdout: Buffer.from(result.stdout ?? []),
      stderr: stderr === '' && result.failed ? (result.originalMessage ?? result.shortMessage ?? '') : stderr,
    };
  } finally {
    signal?.removeEventListener('abort', endGroup);
    for (const timer of timers) clearTimeout(timer);
  }
}

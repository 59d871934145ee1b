import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { exitCodeOfSignal, Failure } from './failure.mjs';
import { root } from './root.mjs';

// A Ctrl-C arrives twice under `npm start`: once from the terminal and once from npm. Within this time it is one wish, not two.
const SAME_SIGNAL_MS = 1_000;
const KILL_GRACE_MS = 20_000;
const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * @typedef {object} Ended
 * @property {number} code exit code; 128 + n when it ended by a signal
 * @property {string} output what it printed, when `output` was `capture`
 * @property {boolean} timedOut
 * @property {NodeJS.Signals | undefined} interrupted the signal that this process was sent meanwhile
 */

/** The environment of a program of ours: what npm installed is on its PATH, and nothing phones home. */
export function environment(extra = {}) {
  return {
    ...process.env,
    PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].filter(Boolean).join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    ...extra,
  };
}

const STDIO = {
  inherit: /** @type {const} */ (['ignore', 'inherit', 'inherit']),
  stderr: /** @type {const} */ (['ignore', process.stderr, process.stderr]),
  capture: /** @type {const} */ (['ignore', 'pipe', 'pipe']),
};

/**
 * Runs a program to its end. It gets a process group of its own, so that a Ctrl-C in the terminal reaches it once, from here, and so
 * that a time-out ends what it started as well.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, output?: keyof typeof STDIO, interrupt?: 'group' | 'child' }} [options]
 *   `interrupt` is who gets our signals: all of its group, or only the program itself, which then ends its own children in order
 * @returns {Promise<Ended>} rejects only when the program cannot be started
 */
export function run(
  command,
  args,
  { cwd = root, env = environment(), timeoutMs, output = 'inherit', interrupt = 'group' } = {},
) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: [...STDIO[output]] });
    /** @type {Ended} */
    const ended = { code: 0, output: '', timedOut: false, interrupted: undefined };
    child.stdout?.setEncoding('utf8').on('data', (text) => (ended.output += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (ended.output += text));

    let lastSignalAt = Number.NEGATIVE_INFINITY;
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      const now = performance.now();
      if (now - lastSignalAt < SAME_SIGNAL_MS) return;
      lastSignalAt = now;
      ended.interrupted ??= signal;
      const sent = signal === 'SIGHUP' ? 'SIGTERM' : signal;
      if (interrupt === 'group') killGroup(child.pid, sent);
      else child.kill(sent);
    };
    for (const signal of SIGNALS) process.on(signal, forward);

    let killTimer;
    const timer = timeoutMs
      ? setTimeout(() => {
          ended.timedOut = true;
          killGroup(child.pid, 'SIGTERM');
          killTimer = setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_GRACE_MS);
        }, timeoutMs)
      : undefined;
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      for (const signal of SIGNALS) process.off(signal, forward);
    };

    child.once('error', (error) => {
      settle();
      reject(error);
    });
    // Not 'close': a grandchild that keeps the output open must not hold us.
    child.once('exit', (code, signal) => {
      settle();
      if (ended.timedOut) killGroup(child.pid, 'SIGKILL');
      ended.code = code ?? exitCodeOfSignal(signal);
      setImmediate(() => resolve(ended));
    });
  });
}

/**
 * Runs a program that has to succeed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2] & { failure?: string }} [options] `failure` is what to say when it fails
 */
export async function runOrFail(command, args, { failure, ...options } = {}) {
  const ended = await run(command, args, options);
  if (ended.interrupted) throw new Failure('', exitCodeOfSignal(ended.interrupted));
  if (ended.code === 0) return ended;
  const said = ended.output.trim();
  throw new Failure(
    [said, failure ?? `${command} ${args.join(' ')} ended with exit code ${ended.code}`].filter(Boolean).join('\n'),
  );
}

function killGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}

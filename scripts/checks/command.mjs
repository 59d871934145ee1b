import { environment, run } from '../process/run.mjs';

const TIMEOUT_MS = 5 * 60_000;

/**
 * @typedef {object} Result
 * @property {boolean} ok
 * @property {string} note a few words for the summary: how much was looked at
 * @property {string} output what to read when it is not ok
 */

/**
 * Runs a tool that says how many files it looked at, and fails when it says none: a check of nothing proves nothing.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RegExp} count finds that number in the output
 * @returns {Promise<Result>}
 */
export async function countingCommand(command, args, count) {
  const { code, output, timedOut } = await quietly(command, args);
  const files = Number(count.exec(output)?.[1] ?? 0);
  if (timedOut) return { ok: false, note: 'timed out', output };
  if (code === 0 && files === 0)
    return { ok: false, note: 'looked at no file', output: `${output}\n${command} reported no file it looked at.` };
  return { ok: code === 0, note: `${files} files`, output };
}

/** Runs a tool without colours and collects what it prints. Without CI too: oxlint takes that for a terminal that shows colours. */
export function quietly(command, args) {
  return run(command, args, {
    env: environment({ NO_COLOR: '1', FORCE_COLOR: undefined, CI: undefined }),
    output: 'capture',
    timeoutMs: TIMEOUT_MS,
  });
}

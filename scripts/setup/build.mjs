import { root } from '../process/root.mjs';
import { runOrFail } from '../process/run.mjs';
import { say } from './say.mjs';

const BUILD_TIMEOUT_MS = 10 * 60_000;
const SAY_AFTER_MS = 1_500;

/** Builds every package whose inputs have changed. With nothing to do it takes under half a second. */
export async function ensureBuilt() {
  const timer = setTimeout(() => say('building the workspace'), SAY_AFTER_MS);
  try {
    await runOrFail(
      'turbo',
      ['run', 'build', '--output-logs=errors-only', '--log-order=grouped', '--no-update-notifier'],
      {
        cwd: root,
        output: 'capture',
        timeoutMs: BUILD_TIMEOUT_MS,
        failure: 'The build failed; its output is above.',
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestProject } from 'vitest/node';
// @boundaries-ignore the search for left processes is shared with the CI script, which runs before any package is installed
import { endLeftovers } from '../../scripts/process/leftovers.mjs';
import { startRedis } from './redis.ts';

/** Set in the environment of everything that a test starts, so that what outlives the tests is found. */
const MARK = 'SWITCHYARD_TEST_RUN';
const GRACE_MS = 5_000;
// Caches that tools keep in the temporary directory for later runs.
const NOT_OURS = /^(tsx-\d+|node-compile-cache|v8-compile-cache-.*|node-jiti|jiti|\.org\.chromium\..*)$/;

/**
 * Once per run: a temporary directory, a private Redis, and at the end the proof that nothing is left of either.
 *
 * Everything temporary goes below one directory (`os.tmpdir()` in tests): what a test forgets there fails the run by name.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const usual = process.env['TMPDIR'];
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'switchyard-test-')));
  // As /tmp is: apps have users of their own.
  await chmod(directory, 0o1777);
  const id = basename(directory);
  process.env['TMPDIR'] = directory;
  process.env[MARK] = id;
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);

  return async () => {
    await redis.stop();
    const processes = await endLeftovers({ mark: `${MARK}=${id}`, directory }, GRACE_MS);
    const files = (await readdir(directory)).filter((name) => !NOT_OURS.test(name));
    await rm(directory, { recursive: true, force: true });
    if (usual === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = usual;
    const left = [
      ...processes.map(({ pid, command }) => `  process ${pid}: ${command}`),
      ...files.map((name) => `  file or directory: ${name}`),
    ];
    if (left.length === 0) return;
    // Vitest prints what a teardown throws and still reports success.
    process.exitCode = 1;
    console.error(
      `\nThe tests left behind (now removed):\n${left.join('\n')}\nA test ends what it starts and removes what it makes.\n`,
    );
  };
}

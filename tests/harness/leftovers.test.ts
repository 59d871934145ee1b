import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
// @boundaries-ignore the search under test
import { endLeftovers } from '../../scripts/process/leftovers.mjs';

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** A process that outlives the call which started it, in a session of its own. */
async function sleeper(env: NodeJS.ProcessEnv, output: number | 'ignore' = 'ignore'): Promise<ChildProcess> {
  const child = spawn('/bin/sleep', ['300'], { detached: true, stdio: ['ignore', output, 'ignore'], env, cwd: '/' });
  started.push(child);
  await once(child, 'spawn');
  return child;
}

test.runIf(process.platform === 'linux')(
  'a process that carries the mark is found and killed, another is left alone',
  async () => {
    const marked = await sleeper({ LEFTOVERS_TEST: 'one' });
    const other = await sleeper({ LEFTOVERS_TEST: 'another' });
    const ended = once(marked, 'exit');

    expect(await endLeftovers({ mark: 'LEFTOVERS_TEST=one' }, 0)).toMatchObject([
      { pid: marked.pid, command: '/bin/sleep 300' },
    ]);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(other.exitCode ?? other.signalCode).toBeNull();
  },
);

test.runIf(process.platform === 'linux')('a process without the mark is found by the files it holds open', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'leftovers-'));
  try {
    const child = await sleeper({}, openSync(join(directory, 'output'), 'w'));
    expect(await endLeftovers({ mark: 'LEFTOVERS_TEST=none', directory }, 0)).toMatchObject([{ pid: child.pid }]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('what ends within the grace is not a leftover', async () => {
  const child = await sleeper({ LEFTOVERS_TEST: 'brief' });
  child.kill('SIGTERM');
  expect(await endLeftovers({ mark: 'LEFTOVERS_TEST=brief' }, 2_000)).toEqual([]);
});

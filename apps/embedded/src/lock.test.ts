import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from './lock.ts';
import { identityOf, isRunning } from './process-identity.ts';

let directory: string;
let children: ChildProcess[];
let said: string[];
const options = { graceMs: 200, say: (line: string) => void said.push(line) };

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lock-'));
  children = [];
  said = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

/** A process that is not stopped by TERM. */
async function stubborn() {
  const child = spawn('sh', ['-c', "trap '' TERM; echo ready; while :; do sleep 0.05; done"], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const identity = await identityOf(child.pid!);
  return { child, identity: identity! };
}

const lockFile = () => join(directory, 'start.lock.3');

test('a second start beside the first is refused, naming the first', async () => {
  const lock = await takeLock(directory, options);
  await expect(takeLock(directory, options)).rejects.toThrow(`process ${process.pid}`);
  await lock.release();
  await (await takeLock(directory, options)).release();
  expect(await readdir(directory)).toEqual([]);
});

test('the lock of a dead process is taken over', async () => {
  await writeFile(lockFile(), JSON.stringify({ holder: { pid: process.pid, birth: 'an earlier boot' }, started: [] }));
  const lock = await takeLock(directory, options);
  await expect(takeLock(directory, options)).rejects.toThrow('runs already');
  await lock.release();
});

test('what a dead start left running is ended, even when it ignores TERM; others are not touched', async () => {
  const [left, other] = await Promise.all([stubborn(), stubborn()]);
  await writeFile(
    lockFile(),
    JSON.stringify({
      holder: { pid: 999_999_999, birth: 'gone' },
      started: [
        { name: 'worker', ...left.identity },
        { name: 'api', pid: other.identity.pid, birth: 'another process had this pid' },
      ],
    }),
  );
  const lock = await takeLock(directory, options);
  expect(await isRunning(left.identity)).toBe(false);
  expect(await isRunning(other.identity)).toBe(true);
  expect(said.join()).toContain(`worker (${left.identity.pid})`);
  await lock.release();
});

test('of many starts at once that find a stale lock exactly one wins', async () => {
  for (let round = 0; round < 10; round += 1) {
    await writeFile(lockFile(), JSON.stringify({ holder: { pid: 999_999_999, birth: 'gone' }, started: [] }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(directory, options)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'fulfilled') await result.value.release();
  }
  expect(await readdir(directory)).toEqual([]);
});

test('an unreadable lock does not stand in the way', async () => {
  await writeFile(lockFile(), '{half');
  const lock = await takeLock(directory, options);
  await lock.remember([{ name: 'api', pid: 5, birth: 'x' }]);
  expect(JSON.parse(await readFile(join(directory, 'start.lock.4'), 'utf8'))).toMatchObject({
    holder: { pid: process.pid },
    started: [{ name: 'api', pid: 5 }],
  });
  await lock.release();
});

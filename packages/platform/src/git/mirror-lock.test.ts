import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootId, pidNamespace } from '../local/process-table.ts';
import { underLock } from './mirror-lock.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lock-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

test('one at a time, and nothing is left', async () => {
  const path = join(directory, 'one');
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 6 }, () =>
      underLock(path, undefined, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setTimeout(resolve, 5));
        inside -= 1;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(await readdir(directory)).toEqual([]);
});

test('a dead holder’s lock is broken at once, by one of many', async () => {
  const path = join(directory, 'two');
  await writeFile(
    path,
    JSON.stringify({ pid: 1, startedAt: 'another', bootId: bootId(), namespace: pidNamespace('self') }),
  );
  const began = performance.now();
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((name) => underLock(path, undefined, async () => order.push(name))));
  expect(order.toSorted((one, other) => one - other)).toEqual([1, 2, 3]);
  expect(performance.now() - began).toBeLessThan(15_000);
});

test('a holder that can’t be seen is believed while it beats, and not after', async () => {
  const path = join(directory, 'three');
  await writeFile(path, JSON.stringify({ pid: 1, startedAt: 'x', bootId: 'another kernel', namespace: null }));
  await expect(underLock(path, AbortSignal.timeout(200), async () => 'in')).rejects.toThrow(/timeout/);
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  expect(await underLock(path, undefined, async () => 'in')).toBe('in');
});

import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readSecretKey } from './secret-key.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'secret-key-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('processes that start together agree on one key, which only its owner reads', async () => {
  const file = join(directory, 'secret-key');
  const keys = await Promise.all(Array.from({ length: 8 }, () => readSecretKey(file)));
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  expect(keys[0]).toHaveLength(32);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['secret-key']);
  expect(await readSecretKey(file)).toEqual(keys[0]);
});

test('a file that holds no key is refused, not replaced', async () => {
  const file = join(directory, 'secret-key');
  await writeFile(file, 'abc\n');
  await expect(readSecretKey(file)).rejects.toMatchObject({ code: 'config-invalid' });
});

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'make-directory-'));
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

it('makes what is missing and leaves what is there', async () => {
  const path = join(root, 'a', 'b', 'c');
  await makeDirectory(path);
  await makeDirectory(path);
  expect((await stat(path)).isDirectory()).toBe(true);
});

it('several at once all succeed', async () => {
  await Promise.all(Array.from({ length: 8 }, () => makeDirectory(join(root, 'x', 'y', 'z'))));
  expect((await stat(join(root, 'x', 'y', 'z'))).isDirectory()).toBe(true);
});

it.runIf(process.platform === 'linux')('ends with an error where nothing can be made', async () => {
  await expect(makeDirectory('/proc/nowhere/data')).rejects.toMatchObject({ code: 'ENOENT' });
});

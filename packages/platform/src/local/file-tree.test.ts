import { chmod, mkdir, mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyPath, copyTree, isInside, removeTree } from './file-tree.ts';

let directory: string;
const at = (...parts: string[]) => join(directory, ...parts);
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tree-'));
});
afterEach(async () => {
  await removeTree(directory);
});

test('a copy shares nothing that a write could reach', async () => {
  await mkdir(at('a'));
  await writeFile(at('a', 'file'), 'original');
  await copyTree(at('a'), at('b'));
  await writeFile(at('b', 'file'), 'changed');
  expect(await readFile(at('a', 'file'), 'utf8')).toBe('original');
  expect((await stat(at('b', 'file'))).nlink).toBe(1);
});

test('a file where a directory was, a directory where a file was, and a link where either was', async () => {
  await mkdir(at('a', 'one'), { recursive: true });
  await writeFile(at('a', 'two'), 'file');
  await mkdir(at('a', 'three'));
  await mkdir(at('b', 'two'), { recursive: true });
  await writeFile(at('b', 'one'), 'file');
  await writeFile(at('b', 'two', 'in'), 'in');
  await symlink('one', at('b', 'three'));
  await copyTree(at('a'), at('into'));
  await copyTree(at('b'), at('into'));
  expect(await readFile(at('into', 'one'), 'utf8')).toBe('file');
  expect(await readFile(at('into', 'two', 'in'), 'utf8')).toBe('in');
  expect(await readFile(at('into', 'three'), 'utf8')).toBe('file');
});

test('a directory is not laid through a link that leads out of the tree', async () => {
  await mkdir(at('outside'));
  await mkdir(at('into'));
  await symlink(at('outside'), at('into', 'dir'));
  await mkdir(at('a', 'dir'), { recursive: true });
  await writeFile(at('a', 'dir', 'file'), 'x');
  await copyTree(at('a'), at('into'));
  expect(await readdir(at('outside'))).toEqual([]);
  expect(await readFile(at('into', 'dir', 'file'), 'utf8')).toBe('x');
});

test('a path that leads out of its tree through a link is as if absent', async () => {
  await mkdir(at('outside'));
  await writeFile(at('outside', 'secret'), 's');
  await mkdir(at('a'));
  await symlink(at('outside'), at('a', 'link'));
  await mkdir(at('into'));
  await copyPath(at('a'), 'link/secret', at('into'));
  expect(await readdir(at('into'))).toEqual([]);
  await expect(copyPath(at('a'), '../outside/secret', at('into'))).rejects.toThrow(/inside/);
});

test('a tree with directories that forbid it is removed all the same', async () => {
  await mkdir(at('locked', 'in'), { recursive: true });
  await writeFile(at('locked', 'in', 'file'), 'x');
  await chmod(at('locked', 'in'), 0o500);
  await chmod(at('locked'), 0o500);
  await removeTree(at('locked'));
  expect(await readdir(directory)).toEqual([]);
});

test.each([
  ['.', true],
  ['a/b', true],
  ['a/', true],
  ['..', false],
  ['a/../b', false],
  ['/a', false],
  ['', false],
])('%j inside a tree: %s', (path, inside) => {
  expect(isInside(path)).toBe(inside);
});

test('more names than a command line holds, one that is no UTF-8 among them', { timeout: 60_000 }, async () => {
  await mkdir(at('a', '.git'), { recursive: true });
  const name = (index: number) => `${String(index).padStart(5, '0')}-${'x'.repeat(190)}`;
  await Promise.all(Array.from({ length: 12_000 }, (_, index) => writeFile(at('a', name(index)), '')));
  await writeFile(Buffer.concat([Buffer.from(`${at('a')}/`), Buffer.from([0x64, 0xe9, 0x6a, 0xe0])]), 'latin');
  await copyTree(at('a'), at('b'), { without: ['.git'] });
  const copied = await readdir(at('b'), { encoding: 'buffer' });
  expect(copied).toHaveLength(12_001);
  expect(copied.some((bytes) => bytes.equals(Buffer.from([0x64, 0xe9, 0x6a, 0xe0])))).toBe(true);
});

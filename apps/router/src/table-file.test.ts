import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EMPTY_TABLE } from './table.ts';
import { tableFile } from './table-file.ts';

const tables = {
  table: { ...EMPTY_TABLE, farm: { id: 'farm_aaaaaa', epoch: 2 } as const, version: 7 },
  inherited: EMPTY_TABLE,
};
let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'router-table-'));
  path = join(directory, 'router', 'table.json');
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

it('reads what was written', async () => {
  await tableFile(path).write(tables);
  expect(await tableFile(path).read()).toEqual(tables);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('reads null where nothing was written', async () => {
  expect(await tableFile(path).read()).toBeNull();
});

it.each(['', '{"v":1,"table":', '{"v":2}', '[]', '{"v":1,"table":{"version":-1},"inherited":{}}'])(
  'rejects a file that holds %j',
  async (text) => {
    await mkdir(join(directory, 'router'));
    await writeFile(path, text);
    await expect(tableFile(path).read()).rejects.toThrow(/./);
  },
);

it('reads a table from before tables named their farm', async () => {
  await mkdir(join(directory, 'router'));
  const old = { version: 3, routes: [], endpoints: [] };
  await writeFile(path, JSON.stringify({ v: 1, table: old, inherited: old }));
  expect(await tableFile(path).read()).toMatchObject({ table: { farm: null, version: 3 } });
});

it('is whole at any time while many routers write it, and leaves nothing beside it', async () => {
  await tableFile(path).write(tables);
  const writers = Array.from({ length: 20 }, async (_, version) => {
    await tableFile(path).write({ ...tables, table: { ...tables.table, version } });
  });
  const readers = Array.from({ length: 20 }, async () => await tableFile(path).read());
  await Promise.all([...writers, ...readers]);
  expect(await readdir(join(directory, 'router'))).toEqual(['table.json']);
});

it('rejects where it can’t be written, and leaves nothing behind', async () => {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'in-the-way'), '');
  await expect(tableFile(path).write(tables)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(await readdir(join(directory, 'router'))).toEqual(['table.json']);
});

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TableMemory } from './table-memory.ts';

const FARM = { id: 'farm_one111', epoch: 1 } as const;

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'memory-'));
  path = join(directory, 'runner-state.json');
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

it('knows the newest version over restarts, and leaves nothing beside its file', async () => {
  expect(await new TableMemory(path, FARM).see(7)).toBe(7);
  const memory = new TableMemory(path, FARM);
  expect(await memory.see(5)).toBe(7);
  expect(await memory.see(7)).toBe(7);
  expect(await memory.see(9)).toBe(9);
  expect(await readdir(directory)).toEqual(['runner-state.json']);
});

it('begins anew in another epoch, in another farm, and when its file is removed or unreadable', async () => {
  await new TableMemory(path, FARM).see(7);
  expect(await new TableMemory(path, { ...FARM, epoch: 2 }).see(1)).toBe(1);
  await new TableMemory(path, FARM).see(7);
  expect(await new TableMemory(path, { id: 'farm_two222', epoch: 1 }).see(2)).toBe(2);
  const memory = new TableMemory(path, FARM);
  await memory.see(7);
  await rm(path);
  expect(await memory.see(3)).toBe(3);
  await writeFile(path, '{"v":1,');
  expect(await memory.see(2)).toBe(2);
});

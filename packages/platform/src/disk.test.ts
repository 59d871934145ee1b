import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeptItem } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Disk, openDisk } from './disk.ts';

let dataDir: string;
let disk: Disk;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'disk-'));
  disk = openDisk(
    { kind: 'docker', dataDir, allowFileRepositories: false },
    { listSnapshots: () => Promise.resolve([]), removeSnapshot: () => Promise.resolve(true) },
  );
});
afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

async function keep(path: string, at = 1_000): Promise<void> {
  await mkdir(join(dataDir, path), { recursive: true });
  await writeFile(join(dataDir, path, 'file'), 'x'.repeat(10_000));
  await utimes(join(dataDir, path), at, at);
}

describe('what a data directory keeps', () => {
  test('is listed by kind with its size and last use; what is being made, and what costs nothing, is not', async () => {
    for (const path of ['caches/teams/team_aaaaaa', 'caches/host', 'toolchains/npm-11.0.0', 'mirrors/one.git'])
      await keep(path);
    for (const path of ['toolchains/host-node-abc', 'toolchains/.making-1', 'toolchains/versions', 'mirrors/.making-1'])
      await keep(path);
    const items = await disk.list();
    expect(items.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual([
      'downloads caches/host',
      'downloads caches/teams/team_aaaaaa',
      'mirror mirrors/one.git',
      'toolchain toolchains/npm-11.0.0',
    ]);
    for (const { bytes, lastUsedAt } of items) {
      expect(bytes).toBeGreaterThanOrEqual(10_000);
      expect(lastUsedAt).toBe(1_000_000);
    }
  });

  test('is removed, again without harm, unless it was used after it was listed', async () => {
    await keep('mirrors/one.git');
    const [item] = await disk.list();
    if (item === undefined) throw new Error('nothing was listed');
    await utimes(join(dataDir, item.name), 2_000, 2_000);
    expect(await disk.remove(item)).toBe(false);
    expect(await readdir(join(dataDir, item.name))).toEqual(['file']);
    const [again] = await disk.list();
    if (again === undefined) throw new Error('nothing was listed');
    expect(await disk.remove(again)).toBe(true);
    expect(await disk.remove(again)).toBe(true);
    expect(await readdir(join(dataDir, 'mirrors'))).toEqual([]);
  });
});

test('what grew without a use of its own is measured again, as long as it may still be in use', async () => {
  await keep('caches/teams/team_aaaaaa', Date.now() / 1_000);
  const path = join(dataDir, 'caches/teams/team_aaaaaa');
  const size = async () => (await disk.list())[0]?.bytes ?? 0;
  const before = await size();
  const { mtime } = await stat(path);
  await writeFile(join(path, 'file'), 'x'.repeat(1_000_000));
  await utimes(path, mtime, mtime);
  expect(await size()).toBeGreaterThan(before + 500_000);
});

describe('what may be in use', () => {
  const listed = (...names: string[]): KeptItem[] =>
    names.map((name) => ({ kind: 'toolchain', name: `toolchains/${name}`, bytes: 1, lastUsedAt: 0 }));

  test('is every toolchain that a wanted range allows, and no other tool’s', () => {
    const toolchain = {
      runtime: { name: 'node', wanted: '*' },
      packageManager: { name: 'npm', version: '^10', lockfile: null },
    } as const;
    const items = listed('npm-10.1.0', 'npm-10.9.0', 'npm-11.0.0', 'pnpm-10.1.0', '@yarnpkg+cli-dist-4.0.0');
    expect(disk.toolchainsFor(toolchain, items)).toEqual(['toolchains/npm-10.1.0', 'toolchains/npm-10.9.0']);
  });

  test('is a repository’s mirror; an address that is none has none', () => {
    expect(disk.mirrorOf('https://example.test/a.git')).toMatch(/^mirrors\/.+\.git$/);
    expect(disk.mirrorOf('--upload-pack=x')).toBeNull();
  });
});

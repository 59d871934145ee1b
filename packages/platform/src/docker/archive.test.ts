import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { archiveOfFiles, archiveOfTree, isSelected, selectFromArchive } from './archive.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'archive-'));
  for (const path of ['.git', 'src', 'patches/one', 'empty', 'nested/.git'])
    await mkdir(join(directory, path), { recursive: true });
  const files = ['.git/config', '.gitignore', 'package.json', 'src/a', 'patches/one/p', 'patches/q', 'nested/.git/x'];
  for (const file of files) await writeFile(join(directory, file), file);
  await writeFile(join(directory, 'large'), Buffer.alloc(300_000, 'x'));
  await writeFile(join(directory, 'script'), '#!/bin/sh');
  await chmod(join(directory, 'script'), 0o755);
  await symlink('script', join(directory, 'link'));
});

afterAll(() => rm(directory, { recursive: true }));

interface Entry {
  readonly type: string | null | undefined;
  readonly mode: number | undefined;
  readonly owner: string;
  readonly linkname: string | null | undefined;
  readonly text: string;
}

async function entriesOf(archive: Readable): Promise<Record<string, Entry>> {
  const found: Record<string, Entry> = {};
  const from = extract();
  pipeline(archive, from).catch((error: Error) => from.destroy(error));
  for await (const entry of from) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(Buffer.from(z.instanceof(Uint8Array).parse(chunk)));
    const { name, type, mode, uid, gid, linkname } = entry.header;
    found[name] = { type, mode, owner: `${uid}:${gid}`, linkname, text: Buffer.concat(chunks).toString() };
  }
  return found;
}

describe('the archive of a directory', () => {
  it('holds files, directories, links and modes, all of them the user’s, and no .git at its top', async () => {
    const entries = await entriesOf(archiveOfTree(directory, ['.git']));
    expect(Object.keys(entries)).not.toContain('app/.git/');
    expect(entries['app/nested/.git/x']?.text).toBe('nested/.git/x');
    expect(entries['app/empty/']?.type).toBe('directory');
    expect(entries['app/src/a']).toMatchObject({ type: 'file', mode: 0o644, text: 'src/a' });
    expect(entries['app/script']?.mode).toBe(0o755);
    expect(entries['app/link']).toMatchObject({ type: 'symlink', linkname: 'script' });
    expect(entries['app/large']?.text).toHaveLength(300_000);
    for (const [name, { owner }] of Object.entries(entries)) expect(owner, name).toBe('1000:1000');
  });

  it('breaks with the reason when the directory can’t be read', async () => {
    await expect(entriesOf(archiveOfTree(join(directory, 'absent'), []))).rejects.toThrow(/ENOENT/);
  });
});

describe('a selection', () => {
  const whole = () => archiveOfTree(directory, ['.git']);

  it('has the selected files and what is below selected directories', async () => {
    const entries = await entriesOf(selectFromArchive(whole(), ['package.json', 'patches/', 'absent', 'absent/']));
    const files = Object.keys(entries).filter((name) => entries[name]?.type === 'file');
    expect(files.sort()).toEqual(['app/package.json', 'app/patches/one/p', 'app/patches/q']);
    expect(Object.keys(entries)).toContain('app/');
  });

  it('of everything is everything', async () => {
    const entries = await entriesOf(selectFromArchive(whole(), null));
    expect(entries).toEqual(await entriesOf(whole()));
  });

  it.each([
    ['package.json', false, ['package.json'], true],
    ['package.json.bak', false, ['package.json'], false],
    ['packages', true, ['packages/a/package.json'], true],
    ['packages', false, ['packages/a/package.json'], false],
    ['packages/a', true, ['packages/'], true],
    ['packages-old', true, ['packages/'], false],
    ['packages', true, ['packages/'], true],
    ['package.json', true, ['package.json'], true],
  ])('%s (directory: %s) of %j: %s', (path, isDirectory, only, selected) => {
    expect(isSelected(path, isDirectory, only)).toBe(selected);
  });
});

it('files bring their directories along, once', async () => {
  const entries = await entriesOf(
    archiveOfFiles([
      { name: 'a/b/one', content: Buffer.from('1') },
      { name: 'a/b/two', content: Buffer.from('2') },
      { name: 'c/' },
    ]),
  );
  expect(Object.keys(entries)).toEqual(['a/', 'a/b/', 'a/b/one', 'a/b/two', 'c/']);
});

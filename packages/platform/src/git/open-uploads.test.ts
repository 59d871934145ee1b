import { lstat, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UploadedItem, Uploads } from '../platform.ts';
import { openUploads } from './open-uploads.ts';

const signal = new AbortController().signal;
let dataDir: string;
let uploads: Uploads;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'uploads-'));
  uploads = openUploads({ dataDir });
});

afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 100_000) yield Buffer.from(text.slice(at, at + 100_000));
}

const file = (path: string, text: string, isExecutable = false): UploadedItem => ({
  kind: 'file',
  path,
  bytes: Buffer.byteLength(text),
  isExecutable,
  content: bytes(text),
});
const link = (path: string, target: string): UploadedItem => ({
  kind: 'symbolic-link',
  path,
  target,
  content: bytes(''),
});
const again = (path: string, target: string): UploadedItem => ({ kind: 'hard-link', path, target, content: bytes('') });

async function* these(...items: readonly UploadedItem[]): AsyncGenerator<UploadedItem> {
  yield* items;
}

const keep = (id: `upl_${string}`, items: AsyncIterable<UploadedItem>) =>
  uploads.keep({ id, items, sentAt: 5, signal });
const made = async () => await readdir(join(dataDir, 'uploads'));

const ODD = [
  'a "quoted" name',
  'back\\slash',
  'new\nline',
  ' spaces ',
  'ümläut',
  '-option',
  'git~1',
  'tab\there',
  'aux',
  '.gitattributes.d',
];

describe('an upload', () => {
  test('is a commit that is named by its content and nothing else', async () => {
    const first = await keep('upl_aaaaaa', these(file('b', 'two'), file('a', 'one'), link('l', 'a')));
    const second = await keep('upl_bbbbbb', these(file('a', 'one'), link('l', 'a'), file('b', 'two')));
    const third = await keep('upl_cccccc', these(file('a', 'one'), link('l', 'a'), file('b', 'two', true)));
    expect(second.sha).toBe(first.sha);
    expect(third.sha).not.toBe(first.sha);
    expect(first).toMatchObject({ branch: null, message: 'Uploaded folder', author: 'upload', at: 5 });
  });

  test('is checked out as it was sent, whatever its attributes say', async () => {
    const { sha } = await keep(
      'upl_aaaaaa',
      these(
        file('.gitattributes', '* text=auto eol=crlf\n*.id ident\nlarge filter=lfs\nout export-ignore\n'),
        file('text', 'one\ntwo\r\nthree\n'),
        file('x.id', '$Id$\n'),
        file('large', 'x'.repeat(3_000_000)),
        file('out', ''),
        file('bin/run', '#!/bin/sh\n', true),
        again('bin/same', 'bin/run'),
        link('link', 'bin/run'),
        ...ODD.map((name) => file(`odd/${name}`, name)),
      ),
    );
    const into = join(dataDir, 'tree');
    await uploads.checkout({ id: 'upl_aaaaaa', sha, into, signal });
    const text = async (path: string) => await readFile(join(into, path), 'utf8');
    expect(await text('text')).toBe('one\ntwo\r\nthree\n');
    expect(await text('x.id')).toBe('$Id$\n');
    expect((await text('large')).length).toBe(3_000_000);
    expect(await text('bin/same')).toBe('#!/bin/sh\n');
    expect((await lstat(join(into, 'bin/run'))).mode & 0o111).not.toBe(0);
    expect((await lstat(join(into, 'bin/same'))).mode & 0o111).not.toBe(0);
    expect((await lstat(join(into, 'text'))).mode & 0o111).toBe(0);
    expect(await readlink(join(into, 'link'))).toBe('bin/run');
    expect((await readdir(join(into, 'odd'))).sort()).toEqual([...ODD].sort());
    for (const name of ODD) expect(await text(`odd/${name}`)).toBe(name);
  });

  test('is read as a repository is', async () => {
    const { sha } = await keep(
      'upl_aaaaaa',
      these(file('package.json', '{}'), file('src/a.js', 'a'), link('l', 'src')),
    );
    const tree = uploads.tree('upl_aaaaaa', sha);
    expect((await tree.list('.')).sort()).toEqual(['l', 'package.json', 'src/']);
    expect(await tree.read('package.json')).toBe('{}');
    expect(await tree.read('l/a.js')).toBe(null);
    expect(await tree.fingerprint('src')).toMatch(/^[0-9a-f]{40}$/);
  });

  test('that is kept is not made again', async () => {
    const { sha } = await keep('upl_aaaaaa', these(file('a', 'one')));
    const unread: AsyncIterable<UploadedItem> = {
      [Symbol.asyncIterator]() {
        throw new Error('nobody asks');
      },
    };
    expect((await keep('upl_aaaaaa', unread)).sha).toBe(sha);
    expect(await uploads.has('upl_aaaaaa')).toBe(true);
    expect(await uploads.has('upl_bbbbbb')).toBe(false);
  });

  test('that two make at once is one', async () => {
    const commits = await Promise.all([1, 2, 3].map(() => keep('upl_aaaaaa', these(file('a', 'one')))));
    expect(new Set(commits.map(({ sha }) => sha)).size).toBe(1);
    expect(await made()).toEqual(['upl_aaaaaa.git']);
  });

  test('is listed and removed', async () => {
    await keep('upl_aaaaaa', these(file('a', 'one')));
    const [one] = await uploads.list();
    expect(one).toMatchObject({ name: 'upl_aaaaaa.git', id: 'upl_aaaaaa' });
    await uploads.remove(one?.name ?? '');
    expect(await uploads.list()).toEqual([]);
  });
});

describe('what breaks leaves nothing behind', () => {
  test('items that end with an error, which is the one that is told', async () => {
    async function* broken(): AsyncGenerator<UploadedItem> {
      yield file('a', 'x'.repeat(500_000));
      throw new Error('refused in the middle');
    }
    await expect(keep('upl_aaaaaa', broken())).rejects.toThrow('refused in the middle');
    expect(await made()).toEqual([]);
  });

  test('a file that is shorter than was said', async () => {
    await expect(
      keep('upl_aaaaaa', these({ ...file('a', 'one'), bytes: 5 } as UploadedItem, file('b', 'x'))),
    ).rejects.toThrow('has not the size');
    expect(await made()).toEqual([]);
  });

  test('an abort', async () => {
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<UploadedItem> {
      for (let index = 0; ; index += 1) {
        if (index === 20) stop.abort(new Error('cancelled'));
        yield file(`f${index}`, 'x'.repeat(10_000));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await expect(uploads.keep({ id: 'upl_aaaaaa', items: endless(), sentAt: 0, signal: stop.signal })).rejects.toThrow(
      'cancelled',
    );
    expect(await made()).toEqual([]);
  });
});

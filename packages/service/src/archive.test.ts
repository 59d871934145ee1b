import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
// @boundaries-ignore archives made by hand, which other packages are tested with too
import { HOSTILE, paxPath, tarGzOf, tarOf } from '../../../tests/harness/archives.ts';
import { checkArchive, readArchive } from './archive.ts';

const streamOf = (bytes: Buffer): Readable =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / 1_000) }, (_, index) =>
      bytes.subarray(index * 1_000, (index + 1) * 1_000),
    ),
  );

async function itemsOf(bytes: Buffer): Promise<unknown[]> {
  const items: unknown[] = [];
  for await (const { content, ...item } of readArchive(streamOf(bytes)))
    items.push({ ...item, text: (await buffer(content)).toString() });
  return items;
}

describe('what an archive holds', () => {
  test('comes in its order, with its content, modes and links', async () => {
    const archive = tarGzOf([
      { name: './', type: '5' },
      { name: './run.sh', content: '#!/bin/sh\n', mode: 0o755 },
      { name: './again', type: '1', target: './run.sh' },
      { name: './link', type: '2', target: 'run.sh' },
      { name: './.git/config', content: 'secret' },
      paxPath(`deep/${'é'.repeat(80)}`),
      { name: 'short', content: 'x'.repeat(5_000) },
    ]);
    expect(await itemsOf(archive)).toEqual([
      { kind: 'file', path: 'run.sh', bytes: 10, isExecutable: true, text: '#!/bin/sh\n' },
      { kind: 'hard-link', path: 'again', target: 'run.sh', text: '' },
      { kind: 'symbolic-link', path: 'link', target: 'run.sh', text: '' },
      { kind: 'file', path: `deep/${'é'.repeat(80)}`, bytes: 5_000, isExecutable: false, text: 'x'.repeat(5_000) },
    ]);
  });

  test('is counted without being kept', async () => {
    expect(
      await checkArchive(
        streamOf(
          tarGzOf([
            { name: 'a', content: 'x' },
            { name: 'b', type: '2', target: 'a' },
          ]),
        ),
      ),
    ).toEqual({ files: 2 });
  });

  test('is what several gzips one after the other hold together', async () => {
    const tar = tarOf([{ name: 'a', content: 'x'.repeat(2_000) }]);
    expect(await itemsOf(Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]))).toHaveLength(1);
  });

  test('may be more than fits a buffer, and is passed over where nobody takes it', async () => {
    const noise = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251));
    const names: string[] = [];
    for await (const { path } of readArchive(
      streamOf(
        tarGzOf([
          { name: 'a', content: noise },
          { name: 'b', content: noise },
        ]),
      ),
    ))
      names.push(path);
    expect(names).toEqual(['a', 'b']);
  });
});

describe('an archive is refused for', () => {
  test.each(Object.entries(HOSTILE))('%s', async (_, bytes) => {
    await expect(checkArchive(streamOf(bytes))).rejects.toMatchObject({ code: 'upload-refused' });
  });

  test('a stream that breaks, with the stream’s own error', async () => {
    const broken = Readable.from(
      (async function* () {
        yield tarGzOf([{ name: 'a', content: 'x' }]).subarray(0, 20);
        throw new Error('the disk is on fire');
      })(),
    );
    await expect(checkArchive(broken)).rejects.toThrow('the disk is on fire');
  });
});

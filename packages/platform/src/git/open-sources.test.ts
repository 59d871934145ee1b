import { execFileSync } from 'node:child_process';
import { chown, lstat, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRepository, type TestRepository } from '../conformance/repository.ts';
import type { Sources } from '../platform.ts';
import { openSources } from './open-sources.ts';

const silent = { signal: new AbortController().signal, onOutput: () => {} };
let dataDir: string;
let sources: Sources;
let repository: TestRepository;
let first: string;
let second: string;
let hidden: string;

const open = () => openSources({ dataDir, allowFileRepositories: true, extraCaCerts: null });
const pin = (ref: string | null, address = repository.path) => sources.pin({ repository: address, ref, ...silent });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sources-'));
  repository = await makeRepository('trunk');
  await symlink('run.sh', join(repository.path, 'link'));
  await writeFile(join(repository.path, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  first = await repository.commit('First\n\nwith a body', {
    'package.json': '{"name":"x"}\n',
    '.gitattributes': 'left-out export-ignore\nstamp export-subst\n',
    'left-out': 'still here\n',
    stamp: '$Format:%H$\n',
    'deep/er/file': 'deep\n',
    binary: 'a\0b',
    large: 'x'.repeat(LIMITS.maxDetectFileBytes + 1),
  });
  await repository.git('tag', '-a', 'v1', '-m', 'one');
  await repository.git('checkout', '--quiet', '-b', 'feature/a');
  second = await repository.commit('Second', { new: 'n' });
  await repository.git('checkout', '--quiet', '--detach');
  hidden = await repository.commit('On no branch', { hidden: 'h' });
  await repository.git('checkout', '--quiet', 'trunk');
  sources = open();
});

afterAll(async () => {
  await repository.remove();
  await rm(dataDir, { recursive: true });
});

test('a disk that could not be written at first is no obstacle for ever', async () => {
  const late = join(dataDir, 'late');
  await writeFile(late, '');
  const opened = openSources({ dataDir: late, allowFileRepositories: true, extraCaCerts: null });
  const asked = () => opened.pin({ repository: repository.path, ref: null, ...silent });
  await expect(asked()).rejects.toThrow(/EEXIST|ENOTDIR/);
  await rm(late);
  expect((await asked()).sha).toBe(first);
});

test('a commit that names more files than can be written is refused, and nothing of it is written', async () => {
  const bomb = await makeRepository('trunk');
  const bash = (script: string) => execFileSync('sh', ['-c', script], { cwd: bomb.path, encoding: 'utf8' }).trim();
  let entry = `100644 blob ${bash('echo x | git hash-object -w --stdin')}`;
  for (let depth = 0; depth < 8; depth += 1) {
    const lines = Array.from({ length: 10 }, (_, index) => `${entry}\t${'f'.repeat(20)}${index}`);
    entry = `040000 tree ${execFileSync('git', ['mktree'], { cwd: bomb.path, input: lines.join('\n'), encoding: 'utf8' }).trim()}`;
  }
  const sha = bash(`git -c user.name=x -c user.email=x@x.test commit-tree -m bomb ${entry.split(' ')[2]}`);
  bash(`git update-ref refs/heads/trunk ${sha}`);
  const into = join(dataDir, 'bomb');
  expect((await pin(null, bomb.path)).sha).toBe(sha);
  await expect(sources.checkout({ repository: bomb.path, sha, into, ...silent })).rejects.toMatchObject({
    code: 'source-too-large',
    fault: 'user',
  });
  expect(await readdir(into)).toEqual([]);
  await bomb.remove();
});

describe('pin', () => {
  test('no ref is the default branch', async () => {
    expect(await pin(null)).toMatchObject({ sha: first, branch: 'trunk', message: 'First', author: 'Ada' });
  });

  test('a branch, a tag, and commits by their whole and abbreviated names are found', async () => {
    expect(await pin('feature/a')).toMatchObject({ sha: second, branch: 'feature/a' });
    expect(await pin('refs/heads/feature/a')).toMatchObject({ sha: second, branch: 'feature/a' });
    expect(await pin('v1')).toMatchObject({ sha: first, branch: null });
    expect(await pin(second)).toMatchObject({ sha: second, branch: null });
    expect(await pin(second.slice(0, 8))).toMatchObject({ sha: second, branch: null });
  });

  test('a commit that is on no branch is fetched by itself', async () => {
    expect(await pin(hidden)).toMatchObject({ sha: hidden, message: 'On no branch' });
  });

  test('a path and its file: address are the same repository', async () => {
    expect(await pin(null, `file://${repository.path}`)).toMatchObject({ sha: first });
  });

  test('a branch is pinned as it is now, also when it was rewritten', async () => {
    await repository.git('checkout', '--quiet', '-B', 'moving', first);
    const one = await repository.commit('One', { moving: '1' });
    expect((await pin('moving')).sha).toBe(one);
    await repository.git('reset', '--quiet', '--hard', first);
    const two = await repository.commit('Two', { moving: '2' });
    expect((await pin('moving')).sha).toBe(two);
    await repository.git('checkout', '--quiet', 'trunk');
    // What was pinned stays deployable.
    expect((await pin(one)).sha).toBe(one);
  });

  test.each(['nope', 'deadbeef', 'd'.repeat(40), '--upload-pack=x', 'a b'])(
    '%s is answered as ref-not-found',
    async (ref) => {
      await expect(pin(ref)).rejects.toMatchObject({ code: 'ref-not-found' });
    },
  );

  test('an empty repository has nothing to deploy', async () => {
    const empty = await makeRepository();
    await expect(pin(null, empty.path)).rejects.toMatchObject({ code: 'repository-empty' });
    await empty.remove();
  });

  test('a path without a repository is source-denied, and one that is not allowed is refused', async () => {
    await expect(pin(null, join(dataDir, 'nowhere'))).rejects.toMatchObject({ code: 'source-denied' });
    const strict = openSources({ dataDir, allowFileRepositories: false, extraCaCerts: null });
    await expect(strict.pin({ repository: repository.path, ref: null, ...silent })).rejects.toMatchObject({
      code: 'repository-not-allowed',
    });
  });

  test.runIf(process.getuid?.() === 0)('a repository that belongs to somebody else is read', async () => {
    const other = await makeRepository();
    const sha = await other.commit('Theirs', { a: 'a' });
    await chown(join(other.path, '.git'), 65_534, 65_534);
    await chown(other.path, 65_534, 65_534);
    expect((await pin(null, other.path)).sha).toBe(sha);
    await other.remove();
  });

  test('eight at once, from two openings, all answer', async () => {
    const busy = await makeRepository();
    const sha = await busy.commit('Busy', { a: 'a' });
    const [one, other] = [open(), open()];
    const pins = Array.from({ length: 8 }, (_, index) =>
      (index % 2 === 0 ? one : other).pin({ repository: busy.path, ref: index % 3 === 0 ? sha : null, ...silent }),
    );
    for (const commit of await Promise.all(pins)) expect(commit.sha).toBe(sha);
    await busy.remove();
  });

  test('locks that a killed Git left in the mirror are no obstacle', async () => {
    const left = await makeRepository();
    await left.commit('One', { a: '1' });
    await pin(null, left.path);
    for (const mirror of await readdir(join(dataDir, 'mirrors'))) {
      if (mirror.endsWith('.git')) await writeFile(join(dataDir, 'mirrors', mirror, 'packed-refs.lock'), '');
      if (mirror.endsWith('.git'))
        await writeFile(join(dataDir, 'mirrors', mirror, 'refs', 'switchyard', 'heads', 'main.lock'), '').catch(
          () => {},
        );
    }
    const two = await left.commit('Two', { a: '2' });
    expect((await pin(null, left.path)).sha).toBe(two);
    await left.remove();
  });
});

describe('checkout', () => {
  test('writes exactly the commit’s tree, and nothing of Git', async () => {
    const into = join(dataDir, 'checkout-1');
    await pin('v1');
    expect(await sources.checkout({ repository: repository.path, sha: first, into, ...silent })).toEqual({
      fetched: false,
    });
    expect((await readdir(into)).sort()).toEqual([
      '.gitattributes',
      'binary',
      'deep',
      'large',
      'left-out',
      'link',
      'package.json',
      'run.sh',
      'stamp',
    ]);
    expect(await readFile(join(into, 'stamp'), 'utf8')).toBe('$Format:%H$\n');
    expect(await readlink(join(into, 'link'))).toBe('run.sh');
    expect((await lstat(join(into, 'run.sh'))).mode & 0o111).not.toBe(0);
    expect((await readdir(join(dataDir, 'mirrors'))).every((name) => name.endsWith('.git'))).toBe(true);
  });

  test('fetches what the mirror lacks, on another host for instance', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'sources-'));
    const other = openSources({ dataDir: elsewhere, allowFileRepositories: true, extraCaCerts: null });
    const into = join(elsewhere, 'checkout');
    expect(await other.checkout({ repository: repository.path, sha: second, into, ...silent })).toEqual({
      fetched: true,
    });
    expect(await readFile(join(into, 'new'), 'utf8')).toBe('n');
    await rm(elsewhere, { recursive: true });
  });

  test('an abort is answered with its reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const into = join(dataDir, 'checkout-2');
    await expect(
      sources.checkout({ repository: repository.path, sha: first, into, signal, onOutput: () => {} }),
    ).rejects.toThrow('enough');
  });
});

describe('tree', () => {
  test('lists, reads and fingerprints without a checkout', async () => {
    await pin('v1');
    const tree = sources.tree(repository.path, first);
    expect((await tree.list('.')).sort()).toContain('deep/');
    expect(await tree.list('deep')).toEqual(['deep/er/']);
    expect(await tree.files()).toContain('deep/er/file');
    const texts = await Promise.all(
      ['package.json', './deep/er/file', 'link', 'absent', 'deep', 'binary', 'large'].map((path) => tree.read(path)),
    );
    expect(texts).toEqual(['{"name":"x"}\n', 'deep\n', '#!/bin/sh\n', null, null, null, null]);
    expect(await tree.fingerprint('package.json')).toMatch(/^[0-9a-f]{40}$/);
    expect(await tree.fingerprint('deep/')).toBe(await repository.git('rev-parse', `${first}:deep`));
    expect(await tree.fingerprint('.')).toBe(await repository.git('rev-parse', `${first}^{tree}`));
    expect(await tree.fingerprint('absent')).toBeNull();
  });
});

import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS, type SourceCredential } from '@switchyard/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
// @boundaries-ignore the forge that tests of the whole system use
import {
  type GitHttpServer,
  type HostedRepository,
  startGitHttpServer,
} from '../../../../tests/harness/git-http-server.ts';
import { makeRepository, type TestRepository } from '../conformance/repository.ts';
import type { Sources } from '../platform.ts';
import { openSources } from './open-sources.ts';

const TOKEN = 'hunter2-canary';

let directory: string;
let sources: Sources;
let forge: GitHttpServer;
let elsewhere: GitHttpServer;
let app: TestRepository;
let library: TestRepository;
let hostedApp: HostedRepository;
let hostedLibrary: HostedRepository;
let librarySha: string;

const credential = (): SourceCredential => ({
  kind: 'token',
  host: `127.0.0.1:${forge.port}`,
  username: 'me',
  token: TOKEN,
});

let checkouts = 0;
/** Deploys what the app's repository has, as a worker does. */
async function checkOut(): Promise<{ into: string; said: string }> {
  let said = '';
  const request = {
    repository: forge.url('team/app.git'),
    credential: credential(),
    signal: new AbortController().signal,
    onOutput: (chunk: Buffer) => {
      said += chunk.toString();
    },
  };
  const { sha } = await sources.pin({ ...request, ref: null });
  const into = join(directory, `checkout-${(checkouts += 1)}`);
  await sources.checkout({ ...request, sha, into });
  return { into, said };
}

/** A link to a commit, as `git submodule add` makes one, without asking whether it is wise. */
async function addSubmodule(repository: TestRepository, path: string, url: string, sha: string): Promise<void> {
  await repository.git('update-index', '--add', '--cacheinfo', `160000,${sha},${path}`);
  await writeFile(join(repository.path, '.gitmodules'), `[submodule "x"]\n\tpath = ${path}\n\turl = ${url}\n`);
  await repository.git('add', '.gitmodules');
  await repository.git('commit', '--quiet', '-m', 'Submodule');
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sources-'));
  forge = await startGitHttpServer();
  elsewhere = await startGitHttpServer();
  sources = openSources({
    dataDir: directory,
    allowFileRepositories: true,
    allowPrivateRepositories: ['127.0.0.1'],
    extraCaCerts: null,
  });
  library = await makeRepository();
  librarySha = await library.commit('Library', { 'lib.js': 'lib' });
});

beforeEach(async () => {
  await app?.remove();
  app = await makeRepository();
  await app.commit('App', { 'app.js': 'app' });
  const isPrivate = { isPublic: false, tokens: new Set([TOKEN]) };
  hostedApp = forge.host('team/app.git', { directory: join(app.path, '.git'), ...isPrivate });
  hostedLibrary = forge.host('team/library.git', { directory: join(library.path, '.git'), ...isPrivate });
  elsewhere.seen.length = 0;
});

afterAll(async () => {
  await forge.close();
  await elsewhere.close();
  await app.remove();
  await library.remove();
  await rm(directory, { recursive: true });
});

describe('submodules', { timeout: 60_000 }, () => {
  test.each(['../library.git', 'absolute'])('of the same host come with the same credential: %s', async (url) => {
    await addSubmodule(app, 'vendor/lib', url === 'absolute' ? forge.url('team/library.git') : url, librarySha);
    const { into } = await checkOut();
    expect(await readFile(join(into, 'vendor/lib/lib.js'), 'utf8')).toBe('lib');
    expect(await readdir(join(into, 'vendor/lib'))).toEqual(['lib.js']);
  });

  test('of another host are asked for without it', async () => {
    elsewhere.host('library.git', { directory: join(library.path, '.git'), isPublic: true });
    await addSubmodule(app, 'lib', elsewhere.url('library.git'), librarySha);
    const { into } = await checkOut();
    expect(await readFile(join(into, 'lib/lib.js'), 'utf8')).toBe('lib');
    elsewhere.host('library.git', { directory: join(library.path, '.git'), isPublic: false, tokens: new Set([TOKEN]) });
    await expect(checkOut()).rejects.toMatchObject({
      code: 'submodule-refused',
      message: expect.stringContaining('"lib"'),
    });
    expect(elsewhere.seen.filter(({ authorization }) => authorization !== null)).toEqual([]);
  });

  test('that the credential may not read are refused, also where another app has fetched them', async () => {
    await addSubmodule(app, 'lib', '../library.git', librarySha);
    await checkOut();
    hostedLibrary.tokens = new Set(['another']);
    await expect(checkOut()).rejects.toMatchObject({ code: 'submodule-refused', fault: 'user' });
  });

  test.each([
    'file:///etc',
    '/etc',
    'ext::sh -c date',
    '--upload-pack=x',
    '-x',
    'git://127.0.0.1/x',
    'https://me:hunter2@127.0.0.1/x',
    'http://localhost:1/x',
    'https://169.254.169.254/x',
  ])('at %s are refused', async (url) => {
    await addSubmodule(app, 'lib', `"${url}"`, librarySha);
    await expect(checkOut()).rejects.toMatchObject({ code: 'submodule-refused', fault: 'user' });
  });

  test('whose commit is not there are refused', async () => {
    await addSubmodule(app, 'lib', '../library.git', 'd'.repeat(40));
    await expect(checkOut()).rejects.toMatchObject({ code: 'submodule-refused' });
  });

  test('go as deep as the limit, and no deeper', async () => {
    const own = await makeRepository();
    await own.commit('Own', { a: 'a' });
    forge.host('team/own.git', { directory: join(own.path, '.git') });
    let sha = await own.git('rev-parse', 'HEAD');
    for (let depth = 0; depth < LIMITS.maxSubmoduleDepth - 1; depth += 1) {
      await addSubmodule(own, 'in', '../own.git', sha);
      sha = await own.git('rev-parse', 'HEAD');
    }
    await addSubmodule(app, 'in', '../own.git', sha);
    const { into } = await checkOut();
    expect(await readFile(join(into, 'in/in/in/in/in/a'), 'utf8')).toBe('a');
    await addSubmodule(own, 'in', '../own.git', sha);
    await addSubmodule(app, 'in', '../own.git', await own.git('rev-parse', 'HEAD'));
    await expect(checkOut()).rejects.toMatchObject({
      code: 'submodule-refused',
      message: expect.stringContaining('deep'),
    });
    await own.remove();
  });
});

describe('files of Git LFS', { timeout: 60_000 }, () => {
  const content = Buffer.from('large\0content'.repeat(1_000));
  const oid = createHash('sha256').update(content).digest('hex');
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
  const attributes = '*.bin filter=lfs diff=lfs merge=lfs -text\n';

  test('come in place of their pointers, once, with the repository’s token', async () => {
    hostedApp.objects.set(oid, content);
    await app.commit('Large', {
      '.gitattributes': attributes,
      'a.bin': pointer,
      'deep/b.bin': pointer,
      'pointer.txt': pointer,
      'real.bin': 'small and real\n',
    });
    await symlink('a.bin', join(app.path, 'link.bin'));
    await app.commit('Link', {});
    const { into, said } = await checkOut();
    expect(await readFile(join(into, 'a.bin'))).toEqual(content);
    expect(await readFile(join(into, 'deep/b.bin'))).toEqual(content);
    expect(await readFile(join(into, 'pointer.txt'), 'utf8')).toBe(pointer);
    expect(await readFile(join(into, 'real.bin'), 'utf8')).toBe('small and real\n');
    expect(said).toContain('Fetching 2 files of Git LFS');
    expect(said).not.toContain(TOKEN);
    const asked = forge.seen.length;
    await checkOut();
    expect(forge.seen.slice(asked).filter(({ path }) => path.includes('/info/lfs'))).toEqual([]);
  });

  test('that nobody has pushed fail the deployment, and no pointer is deployed', async () => {
    await app.commit('Large', { '.gitattributes': attributes, 'a.bin': pointer.replace(oid, 'e'.repeat(64)) });
    await expect(checkOut()).rejects.toMatchObject({ code: 'lfs-object-missing', fault: 'user' });
  });

  test('whose content is not what their name says are refused', async () => {
    const other = 'f'.repeat(64);
    hostedApp.objects.set(other, content);
    await app.commit('Large', { '.gitattributes': attributes, 'a.bin': pointer.replace(oid, other) });
    await expect(checkOut()).rejects.toMatchObject({ code: 'lfs-object-missing' });
  });

  test('on a private address that .lfsconfig names are refused; another host is not shown the token', async () => {
    const fresh = pointer.replace(oid, 'c'.repeat(64));
    await app.commit('Large', {
      '.gitattributes': attributes,
      'a.bin': fresh,
      '.lfsconfig': '[lfs]\n\turl = http://169.254.169.254/latest\n',
    });
    await expect(checkOut()).rejects.toMatchObject({ code: 'source-address-refused' });
    elsewhere.host('x', { directory: '/nowhere', isPublic: true });
    await app.commit('Elsewhere', { '.lfsconfig': `[lfs]\n\turl = ${elsewhere.url('x')}/info/lfs\n` });
    await expect(checkOut()).rejects.toMatchObject({ code: 'lfs-object-missing' });
    expect(elsewhere.seen.length).toBeGreaterThan(0);
    expect(elsewhere.seen.filter(({ authorization }) => authorization !== null)).toEqual([]);
  });
});

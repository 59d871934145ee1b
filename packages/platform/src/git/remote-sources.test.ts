import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server as SocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceCredential } from '@switchyard/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
// @boundaries-ignore the forge that tests of the whole system use
import {
  type GitHttpServer,
  type HostedRepository,
  startGitHttpServer,
} from '../../../../tests/harness/git-http-server.ts';
import { makeRepository, type TestRepository } from '../conformance/repository.ts';
import { processesWith } from '../conformance/waiting.ts';
import type { Sources } from '../platform.ts';
import { openSources } from './open-sources.ts';

const TOKEN = 'hunter2-canary';

let dataDir: string;
let repository: TestRepository;
let hosted: HostedRepository;
let forge: GitHttpServer;
let sources: Sources;
let silent: SocketServer;
let sha: string;

const tokenOf = (token: string, host = `127.0.0.1:${forge.port}`): SourceCredential => ({
  kind: 'token',
  host,
  username: 'me',
  token,
});

const pin = (name: string, credential: SourceCredential | null = null, ref: string | null = null) =>
  sources.pin({
    repository: forge.url(name),
    credential,
    ref,
    signal: new AbortController().signal,
    onOutput: () => {},
  });

const open = (allowPrivateRepositories: readonly string[] = ['127.0.0.1']) =>
  openSources({ dataDir, allowFileRepositories: false, allowPrivateRepositories, extraCaCerts: null });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sources-'));
  repository = await makeRepository();
  sha = await repository.commit('First', { a: 'a' });
  forge = await startGitHttpServer();
  silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  sources = open();
});

beforeEach(() => {
  hosted = forge.host('private.git', {
    directory: join(repository.path, '.git'),
    isPublic: false,
    tokens: new Set([TOKEN]),
  });
  forge.seen.length = 0;
});

afterAll(async () => {
  await forge.close();
  silent.close();
  await repository.remove();
  await rm(dataDir, { recursive: true });
});

async function textsBelow(directory: string): Promise<string> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return (await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))).join('\n');
}

describe('a token', () => {
  test('opens the repository, and is neither said, kept nor in an argument list', async () => {
    let said = '';
    const onOutput = (chunk: Buffer) => {
      said += chunk.toString();
    };
    let looks = 0;
    let seenInArguments = 0;
    forge.onRequest = () => {
      looks += 1;
      seenInArguments += processesWith(TOKEN).length;
    };
    const signal = new AbortController().signal;
    const asked = { repository: forge.url('private.git'), credential: tokenOf(TOKEN), signal, onOutput };
    expect(await sources.pin({ ...asked, ref: null })).toMatchObject({ sha, branch: 'main' });
    await sources.checkout({ ...asked, sha, into: join(dataDir, 'checkout') });
    forge.onRequest = () => {};
    expect(said).not.toContain(TOKEN);
    expect(await textsBelow(dataDir)).not.toContain(TOKEN);
    expect(looks).toBeGreaterThan(2);
    expect(seenInArguments).toBe(0);
  });

  test('that is wrong or has expired is rejected, in words that do not repeat it', async () => {
    await expect(pin('private.git', tokenOf('wrong-canary'))).rejects.toMatchObject({
      code: 'source-credential-rejected',
      message: expect.not.stringContaining('wrong-canary'),
    });
    expect((await pin('private.git', tokenOf(TOKEN))).sha).toBe(sha);
    hosted.tokens.clear();
    await expect(pin('private.git', tokenOf(TOKEN))).rejects.toMatchObject({ code: 'source-credential-rejected' });
  });

  test('of another host is not shown', async () => {
    await expect(pin('private.git', tokenOf(TOKEN, '127.0.0.1'))).rejects.toMatchObject({ code: 'source-denied' });
    expect(forge.seen.filter(({ authorization }) => authorization !== null)).toEqual([]);
  });

  test('is not shown to a host that the repository redirects to', async () => {
    const elsewhere = await startGitHttpServer();
    elsewhere.host('private.git', { directory: hosted.directory, isPublic: false, tokens: new Set([TOKEN]) });
    hosted.redirectTo = elsewhere.url('private.git');
    hosted.isPublic = false;
    await expect(pin('private.git', tokenOf(TOKEN))).rejects.toMatchObject({ fault: 'user' });
    expect(elsewhere.seen.length).toBeGreaterThan(0);
    expect(elsewhere.seen.filter(({ authorization }) => authorization !== null)).toEqual([]);
    await elsewhere.close();
  });

  test('goes along with a repository that was renamed on its host', async () => {
    forge.host('old.git', { directory: '/nowhere', redirectTo: forge.url('private.git') });
    expect((await pin('old.git', tokenOf(TOKEN))).sha).toBe(sha);
  });
});

test('a repository that becomes private is refused from then on, also for a commit that was fetched before', async () => {
  hosted.isPublic = true;
  expect((await pin('private.git', null, sha)).sha).toBe(sha);
  hosted.isPublic = false;
  for (const ref of [null, sha, sha.slice(0, 10)])
    await expect(pin('private.git', null, ref)).rejects.toMatchObject({ code: 'source-denied', fault: 'user' });
});

test('a repository that is not there is told from one that rejects the token', async () => {
  await expect(pin('nowhere.git', tokenOf(TOKEN))).rejects.toMatchObject({ code: 'source-denied' });
});

async function bytesBelow(directory: string): Promise<number> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

test('a second fetch brings what is new only', async () => {
  const growing = await makeRepository();
  await growing.commit('First', { large: randomBytes(500_000).toString('hex') });
  forge.host('growing.git', { directory: join(growing.path, '.git') });
  await pin('growing.git');
  const before = await bytesBelow(join(dataDir, 'mirrors'));
  const second = await growing.commit('Second', { small: 'y' });
  expect((await pin('growing.git')).sha).toBe(second);
  expect((await bytesBelow(join(dataDir, 'mirrors'))) - before).toBeLessThan(100_000);
  await growing.remove();
});

describe('a large repository', () => {
  let large: TestRepository;
  let elsewhere: string;
  let last: string;

  beforeAll(async () => {
    elsewhere = await mkdtemp(join(tmpdir(), 'sources-'));
    large = await makeRepository();
    for (let version = 0; version < 3; version += 1)
      last = await large.commit(`Version ${version}`, {
        blob: randomBytes(600_000).toString('base64'),
        text: `version ${version}\n`,
      });
    forge.host('large.git', { directory: join(large.path, '.git') });
  });

  afterAll(async () => {
    await large.remove();
    await rm(elsewhere, { recursive: true });
  });

  const openWith = (repositoryLimits: { wholeBytes: number; maxBytes: number }) =>
    openSources({
      dataDir: elsewhere,
      allowFileRepositories: false,
      allowPrivateRepositories: ['127.0.0.1'],
      extraCaCerts: null,
      repositoryLimits,
    });
  const asked = () => ({
    repository: forge.url('large.git'),
    signal: new AbortController().signal,
    onOutput: () => {},
  });

  test('is refused beyond its limit, and leaves nothing of its size on the disk', async () => {
    const small = openWith({ wholeBytes: 200_000, maxBytes: 400_000 });
    await expect(small.pin({ ...asked(), ref: null })).rejects.toMatchObject({
      code: 'source-too-large',
      fault: 'user',
    });
    expect(await bytesBelow(elsewhere)).toBeLessThan(400_000);
  });

  test('comes without the contents of its history, and with all of the commit', async () => {
    const partial = openWith({ wholeBytes: 200_000, maxBytes: 1_000_000_000 });
    expect((await partial.pin({ ...asked(), ref: null })).sha).toBe(last);
    // Each version of the blob has more than 600,000 bytes, packed.
    expect(await bytesBelow(join(elsewhere, 'mirrors'))).toBeLessThan(1_100_000);
    const into = join(elsewhere, 'checkout');
    await partial.checkout({ ...asked(), sha: last, into });
    expect(await readFile(join(into, 'text'), 'utf8')).toBe('version 2\n');
    expect(await partial.tree(forge.url('large.git'), last).read('text')).toBe('version 2\n');
    const next = await large.commit('Next', { text: 'next\n' });
    expect((await partial.pin({ ...asked(), ref: 'main' })).sha).toBe(next);
    expect(await partial.tree(forge.url('large.git'), next).read('text')).toBe('next\n');
    expect(await bytesBelow(join(elsewhere, 'mirrors'))).toBeLessThan(1_100_000);
    const config = await textsBelow(join(elsewhere, 'mirrors'));
    expect(config).not.toContain(forge.url('large.git'));
  });
});

describe('private addresses', () => {
  test('are refused unless they are named, before anything is sent there', async () => {
    const strict = open([]);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
      const denied = strict.pin({
        repository: forge.url('private.git', host),
        ref: null,
        signal: new AbortController().signal,
        onOutput: () => {},
      });
      await expect(denied, host).rejects.toMatchObject({ code: 'source-address-refused', fault: 'user' });
    }
    expect(forge.seen).toEqual([]);
  });

  test('are refused where a repository redirects to them', async () => {
    hosted.isPublic = true;
    hosted.redirectTo = forge.url('other.git', 'localhost');
    await expect(pin('private.git')).rejects.toMatchObject({
      code: 'source-address-refused',
      message: expect.stringContaining('localhost'),
    });
    expect(forge.seen.some(({ path }) => path.startsWith('/other.git'))).toBe(false);
  });
});

test('a server that nobody runs is source-unreachable', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const failed = sources.pin({
    repository: `http://127.0.0.1:${port}/a`,
    ref: null,
    signal: new AbortController().signal,
    onOutput: () => {},
  });
  await expect(failed).rejects.toMatchObject({ code: 'source-unreachable', fault: 'transient' });
});

test('a server that never answers is left at once on an abort, with no process behind', async () => {
  const repositoryAddress = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/a`;
  const gate = new AbortController();
  silent.once('connection', () => gate.abort(new Error('enough')));
  await expect(
    sources.pin({ repository: repositoryAddress, ref: null, signal: gate.signal, onOutput: () => {} }),
  ).rejects.toThrow('enough');
  expect(processesWith(repositoryAddress)).toEqual([]);
});

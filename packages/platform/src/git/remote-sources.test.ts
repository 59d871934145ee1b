import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeRepository, type TestRepository } from '../conformance/repository.ts';
import { processesWith } from '../conformance/waiting.ts';
import type { Sources } from '../platform.ts';
import { openSources } from './open-sources.ts';

const PASSWORD = 'hunter2-canary';
const BACKEND = join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');

let dataDir: string;
let repository: TestRepository;
let sources: Sources;
let server: Server;
let silent: SocketServer;
let sha: string;
let seenInArguments = 0;

/** Git's own smart HTTP server behind a password. */
function serve(): Server {
  return createServer((request, response) => {
    const wanted = `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}`;
    if (request.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
      return;
    }
    seenInArguments += processesWith(PASSWORD).length;
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const backend = spawn(BACKEND, [], {
      env: {
        GIT_PROJECT_ROOT: repository.path,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: pathname,
        QUERY_STRING: search.slice(1),
        REQUEST_METHOD: request.method,
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
        GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
        REMOTE_USER: 'me',
      },
    });
    request.pipe(backend.stdin);
    let head = Buffer.alloc(0);
    let body = false;
    backend.stdout.on('data', (chunk: Buffer) => {
      if (body) {
        response.write(chunk);
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      body = true;
      for (const line of head.subarray(0, end).toString().split('\r\n')) {
        const [name = '', value = ''] = line.split(': ');
        if (name === 'Status') response.statusCode = Number.parseInt(value, 10);
        else response.setHeader(name, value);
      }
      response.write(head.subarray(end + 4));
    });
    backend.stdout.on('end', () => response.end());
  });
}

const portOf = (listening: { address(): AddressInfo | string | null }) => (listening.address() as AddressInfo).port;
const address = (credentials: string) => `http://${credentials}127.0.0.1:${portOf(server)}/.git`;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sources-'));
  repository = await makeRepository();
  sha = await repository.commit('First', { a: 'a' });
  server = serve();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  silent = createSocketServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  sources = openSources({ dataDir, allowFileRepositories: false, extraCaCerts: null });
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  silent.close();
  await repository.remove();
  await rm(dataDir, { recursive: true });
});

async function textsBelow(directory: string): Promise<string> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return (await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))).join('\n');
}

test('a password in the address opens the repository, and is neither said, kept nor in an argument list', async () => {
  let said = '';
  const onOutput = (chunk: Buffer) => {
    said += chunk.toString();
  };
  const signal = new AbortController().signal;
  const commit = await sources.pin({ repository: address(`me:${PASSWORD}@`), ref: null, signal, onOutput });
  expect(commit).toMatchObject({ sha, branch: 'main' });
  await sources.checkout({
    repository: address(`me:${PASSWORD}@`),
    sha,
    into: join(dataDir, 'checkout'),
    signal,
    onOutput,
  });
  expect(said).not.toContain(PASSWORD);
  expect(await textsBelow(dataDir)).not.toContain(PASSWORD);
  expect(seenInArguments).toBe(0);
});

test.each(['', 'me:wrong-canary@'])(
  'without the right password (%s) access is denied, in words that do not repeat it',
  async (credentials) => {
    const denied = sources.pin({
      repository: address(credentials),
      ref: null,
      signal: new AbortController().signal,
      onOutput: () => {},
    });
    await expect(denied).rejects.toMatchObject({
      code: 'source-denied',
      message: expect.not.stringContaining('wrong-canary'),
    });
  },
);

test('what one who may read has fetched is not given to one who may not', async () => {
  const denied = sources.pin({
    repository: address(''),
    ref: sha,
    signal: new AbortController().signal,
    onOutput: () => {},
  });
  await expect(denied).rejects.toMatchObject({ code: 'source-denied' });
});

test('a server that nobody runs is source-unreachable', async () => {
  const closed = createSocketServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const port = portOf(closed);
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
  const repositoryAddress = `http://127.0.0.1:${portOf(silent)}/a`;
  const gate = new AbortController();
  silent.once('connection', () => gate.abort(new Error('enough')));
  const began = performance.now();
  await expect(
    sources.pin({ repository: repositoryAddress, ref: null, signal: gate.signal, onOutput: () => {} }),
  ).rejects.toThrow('enough');
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(processesWith(repositoryAddress)).toEqual([]);
});

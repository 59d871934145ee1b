import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Toolchain } from '../platform.ts';
import { removeTree } from './file-tree.ts';
import { findHostNpm } from './host-tools.ts';
import { openToolchains } from './toolchains.ts';

const options = { signal: new AbortController().signal, onOutput: () => {} };
const wanted = (node: string, manager: Toolchain['packageManager'] = null): Toolchain => ({
  runtime: { name: 'node', wanted: node },
  packageManager: manager,
});
const pnpm = (version: string) => ({ name: 'pnpm' as const, version, lockfile: null });

let root: string;
let data: string;
let registry: Server;
let requests: string[] = [];

/** A registry that has one package: a pnpm that only knows its version. */
async function serveRegistry(): Promise<Server> {
  const source = join(root, 'package');
  await mkdir(source);
  await writeFile(
    join(source, 'package.json'),
    JSON.stringify({ name: 'pnpm', version: '9.9.9', bin: { pnpm: 'pnpm.cjs' } }),
  );
  await writeFile(join(source, 'pnpm.cjs'), '#!/usr/bin/env node\nconsole.log("9.9.9");\n');
  await chmod(join(source, 'pnpm.cjs'), 0o755);
  execFileSync('tar', ['-czf', join(root, 'pnpm.tgz'), '-C', root, 'package']);
  const tarball = await readFile(join(root, 'pnpm.tgz'));
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  return createServer((request, response) => {
    requests.push(request.url ?? '');
    if (request.url === '/pnpm.tgz') return void response.end(tarball);
    if (request.url !== '/pnpm') return void response.writeHead(404).end('{}');
    const dist = { tarball: `${origin()}/pnpm.tgz`, integrity };
    const version = { name: 'pnpm', version: '9.9.9', bin: { pnpm: 'pnpm.cjs' }, dist };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name: 'pnpm', 'dist-tags': { latest: '9.9.9' }, versions: { '9.9.9': version } }));
  });
}

const origin = () => `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
const open = (url = origin()) =>
  openToolchains({
    directory: join(data, 'toolchains'),
    caches: join(data, 'caches'),
    variables: { npm_config_registry: url, npm_config_fetch_retries: '0' },
  });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'toolchains-'));
  registry = await serveRegistry();
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
});
beforeEach(async () => {
  data = await mkdtemp(join(root, 'data-'));
  requests = [];
});
afterAll(async () => {
  registry.closeAllConnections();
  registry.close();
  await removeTree(root);
});

function runIn(path: string, command: string): string {
  return execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', env: { PATH: path, HOME: root } }).trim();
}

describe('what the host has', () => {
  test('is taken without asking anybody, npm and npx included', async () => {
    const major = process.versions.node.split('.')[0];
    const npm = findHostNpm();
    const found = await open().resolve(wanted(`>=${major}`, { name: 'npm', version: '*', lockfile: null }), options);
    expect(found.description).toBe(`node ${process.versions.node}, npm ${npm?.version}`);
    expect(runIn(found.path, 'node --version')).toBe(`v${process.versions.node}`);
    expect(runIn(found.path, 'npx --version')).toBe(npm?.version);
    expect(requests).toEqual([]);
  });
});

describe('what it lacks', () => {
  test('is fetched once, verified, and found again', async () => {
    const first = await open().resolve(wanted('*', pnpm('9.x')), options);
    expect(first.description).toBe(`node ${process.versions.node}, pnpm 9.9.9`);
    expect(runIn(first.path, 'pnpm --version')).toBe('9.9.9');
    expect(requests).toContain('/pnpm.tgz');
    requests = [];
    expect(await open().resolve(wanted('*', pnpm('^9.0.0')), options)).toEqual(first);
    expect(requests).toEqual([]);
  });

  test('is fetched by two at once without harm, and nothing half made stays', async () => {
    const [one, other] = [open(), open()];
    const answers = await Promise.all(
      [one, one, other].map((toolchains) => toolchains.resolve(wanted('*', pnpm('9.9.9')), options)),
    );
    expect(new Set(answers.map(({ path }) => path)).size).toBe(1);
    expect((await readdir(join(data, 'toolchains'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('and is not there in the wanted range is said so', async () => {
    await expect(open().resolve(wanted('*', pnpm('77')), options)).rejects.toMatchObject({
      code: 'toolchain-unavailable',
      message: expect.stringContaining('range 77'),
    });
  });

  test('and can’t be reached is toolchain-unavailable, with npm’s words', async () => {
    const failed = open('http://127.0.0.1:9').resolve(wanted('*', pnpm('9.9.9')), options);
    await expect(failed).rejects.toMatchObject({
      code: 'toolchain-unavailable',
      fault: 'transient',
      message: expect.stringContaining('npm says'),
    });
    expect(await readdir(dirname(join(data, 'toolchains', 'x')))).not.toContain('pnpm-9.9.9');
  });

  test('and is aborted is answered with the signal’s reason', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(open().resolve(wanted('*', pnpm('9.9.9')), { ...options, signal })).rejects.toThrow('enough');
  });
});

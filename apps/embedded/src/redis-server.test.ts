import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findRedisProgram, isNewEnough, parseServerVersion } from './redis-program.ts';
import { prepareRedis, type RedisServer, startRedis } from './redis-server.ts';

const PATH = process.env['PATH'] ?? '';
let directory: string;
let server: RedisServer | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "redis 'quoted' "));
});

afterEach(async () => {
  await server?.stop(5_000);
  server = undefined;
  await rm(directory, { recursive: true, force: true });
});

/** Sends inline commands and resolves with everything that came back. */
async function talk(url: string, ...commands: string[]): Promise<string> {
  const { port, password } = new URL(url);
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.once('close', () => resolve(received));
    socket.once('error', reject);
    socket.write([...(password === '' ? [] : [`AUTH ${password}`]), ...commands, 'QUIT', ''].join('\r\n'));
  });
}

test('every write is on disk before it is acknowledged, and nothing is evicted', async () => {
  server = await startRedis(await prepareRedis(directory, PATH));
  const answer = await talk(
    server.url,
    'CONFIG GET appendfsync',
    'CONFIG GET appendonly',
    'CONFIG GET maxmemory-policy',
    'CONFIG GET save',
    'CONFIG GET dir',
  );
  for (const value of ['always', 'yes', 'noeviction', join(directory, 'redis')]) expect(answer).toContain(value);
});

test('nobody gets in without the password, which is in no argument and only for its owner to read', async () => {
  server = await startRedis(await prepareRedis(directory, PATH));
  const { password } = new URL(server.url);
  expect(await talk(`redis://127.0.0.1:${server.port}`, 'PING')).toContain('NOAUTH');
  const argv = execFileSync('ps', ['-o', 'args=', '-p', String(server.pid)], { encoding: 'utf8' });
  expect(argv).toContain('redis-server');
  expect(argv).not.toContain(password);
  for (const file of ['password', 'redis.conf'])
    expect((await stat(join(directory, 'redis', file))).mode & 0o777).toBe(0o600);
});

test('what was written is there after a stop and a start, under the same password', async () => {
  server = await startRedis(await prepareRedis(directory, PATH));
  const { password } = new URL(server.url);
  await talk(server.url, 'SET kept yes');
  await server.stop(5_000);
  server = await startRedis(await prepareRedis(directory, PATH));
  expect(new URL(server.url).password).toBe(password);
  expect(await talk(server.url, 'GET kept')).toContain('yes');
});

test('a Redis that does not start says why', async () => {
  const installation = await prepareRedis(directory, PATH);
  server = await startRedis(installation);
  await expect(startRedis(installation, server.port)).rejects.toMatchObject({
    code: 'redis-unusable',
    message: expect.stringContaining('redis.log'),
  });
});

test('versions are read from what Redis and Valkey print', () => {
  expect(parseServerVersion('Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64')).toEqual([7, 0, 15]);
  expect(parseServerVersion('Valkey server v=8.0.1 sha=00000000:0')).toEqual([8, 0, 1]);
  expect(parseServerVersion('hello')).toBeNull();
  expect(
    [
      [6, 0, 16],
      [6, 2, 0],
      [7, 0, 0],
      [5, 9, 9],
    ].map(([a = 0, b = 0, c = 0]) => isNewEnough([a, b, c])),
  ).toEqual([false, true, true, false]);
});

test('an old Redis is refused by name, and passed over where a newer Valkey is there', async () => {
  const program = async (name: string, prints: string): Promise<void> => {
    await writeFile(join(directory, name), `#!/bin/sh\necho '${prints}'\n`);
    await chmod(join(directory, name), 0o755);
  };
  await expect(findRedisProgram(directory)).rejects.toThrow('no redis-server and no valkey-server');
  await program('redis-server', 'Redis server v=6.0.16 sha=0');
  await expect(findRedisProgram(directory)).rejects.toThrow(
    /redis-server is version 6\.0\.16; Switchyard needs Redis or Valkey 6\.2/,
  );
  await program('valkey-server', 'Valkey server v=8.0.1 sha=0');
  expect(await findRedisProgram(directory)).toBe(join(directory, 'valkey-server'));
  expect(await readdir(directory)).toHaveLength(2);
  expect(await readFile(join(directory, 'valkey-server'), 'utf8')).toContain('8.0.1');
});

import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type RedisServer, startRedis } from './redis.ts';

let redis: RedisServer;

beforeEach(async () => {
  redis = await startRedis();
});

afterEach(() => redis.stop());

/** Sends inline commands and resolves with everything that came back before the server closed. */
function talk(url: string, ...commands: string[]): Promise<string> {
  const { port, password } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.once('close', () => resolve(received));
    socket.once('error', reject);
    socket.write([`AUTH ${password}`, ...commands, 'QUIT', ''].join('\r\n'));
  });
}

test('the run has a Redis of its own that keeps every write and evicts nothing', async () => {
  const answer = await talk(
    inject('redisUrl'),
    'CONFIG GET appendfsync',
    'CONFIG GET maxmemory-policy',
    'CONFIG GET appendonly',
  );
  expect(answer).toContain('always');
  expect(answer).toContain('noeviction');
  expect(answer).toContain('yes');
});

test('an acknowledged write survives kill -9', async () => {
  await talk(redis.url, 'SET kept yes');
  const before = redis.pid;
  await redis.kill();
  await redis.restart();
  expect(redis.pid).not.toBe(before);
  expect(await talk(redis.url, 'GET kept')).toContain('yes');
});

test('stop ends the process and removes the directory', async () => {
  const { pid, directory } = redis;
  await redis.stop();
  expect(existsSync(directory)).toBe(false);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

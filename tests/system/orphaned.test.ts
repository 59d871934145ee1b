import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePorts } from '../harness/system.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orphaned-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

/** What takes connections for Redis's and never answers, as a Redis that is stopped does: a start waits for it. */
async function silentRedis() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    server.emit('asked');
  });
  const asked = once(server, 'asked');
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}

test.each(['api', 'worker', 'runner', 'router'])(
  'the %s that loses its supervisor while it starts ends, although its Redis never answers',
  async (name) => {
    const [apiPort, routerPort, metricsPort] = await freePorts(3);
    const redis = await silentRedis();
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL(`../../apps/${name}/dist/main.js`, import.meta.url))],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        env: {
          PATH: process.env['PATH'] ?? '',
          HOME: directory,
          REDIS_URL: redis.url,
          SWITCHYARD_DATA_DIR: join(directory, 'data'),
          SWITCHYARD_API_PORT: String(apiPort),
          SWITCHYARD_ROUTER_PORT: String(routerPort),
          SWITCHYARD_METRICS_PORT: String(metricsPort),
        },
      },
    );
    const ended = once(child, 'exit');
    try {
      await redis.asked;
      expect(child.exitCode).toBeNull();
      child.disconnect();
      expect(await ended).toEqual([1, null]);
    } finally {
      child.kill('SIGKILL');
      redis.close();
    }
  },
);

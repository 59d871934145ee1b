import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ChainWalk } from '../harness/chain-walk.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { type ServiceProcess, startService } from '../harness/service-process.ts';
import { freePorts } from '../harness/system.ts';

const HOST = 'hello.localhost';
const SOON = { timeout: 30_000, interval: 20 };

let redis: RedisServer;
let chain: ChainWalk;
let instance: Server;
let directory: string;
let env: Record<string, string>;
let port: number;
let metricsPort: number;
let held: ServerResponse[];
let routers: ServiceProcess[];

const logFile = (): string => join(directory, 'router.test.log');

beforeEach(async () => {
  held = [];
  routers = [];
  directory = await mkdtemp(join(tmpdir(), 'router-process-'));
  redis = await startRedis();
  chain = await ChainWalk.open(redis.url);
  instance = createServer((asked, response) => {
    if (asked.url === '/hold') held.push(response);
    else response.end('hello');
  });
  const [instancePort = 0, ...rest] = await freePorts(3);
  [port = 0, metricsPort = 0] = rest;
  await new Promise<void>((resolve) => instance.listen(instancePort, '127.0.0.1', resolve));
  const deploymentId = await chain.deploy();
  await chain.walk(deploymentId, null);
  await chain.store.routing.putEndpoint({
    instanceId: 'ins_1aaaaaa',
    environmentId: chain.app.environmentId,
    deploymentId,
    host: '127.0.0.1',
    port: instancePort,
    ready: true,
  });
  env = {
    PATH: process.env['PATH'] ?? '',
    REDIS_URL: redis.url,
    SWITCHYARD_DATA_DIR: directory,
    SWITCHYARD_KEY_PREFIX: chain.prefix,
    SWITCHYARD_ROUTER_PORT: String(port),
    SWITCHYARD_METRICS_PORT: String(metricsPort),
    SWITCHYARD_METRICS_HOST: '127.0.0.1',
  };
});

afterEach(async () => {
  await Promise.all(routers.filter(({ running }) => running).map(async (router) => await router.signal('SIGKILL')));
  instance.closeAllConnections();
  await new Promise((resolve) => instance.close(resolve));
  await chain.close();
  await redis.stop();
  await rm(directory, { recursive: true, force: true });
});

function startRouter(): ServiceProcess {
  const router = startService('router', env, logFile());
  routers.push(router);
  return router;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Rejects where nobody listens or the answer does not come whole. */
function ask(path: string, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host: HOST }, ...(agent && { agent }) });
    asked.once('error', reject);
    asked.once('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      answer.once('error', reject);
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }));
    });
    asked.end();
  });
}

const statusOf = async (path: string): Promise<number | string> =>
  await ask(path).then(
    ({ status }) => status,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );

it('a router that is told to stop finishes what is under way, takes nothing new, and ends well', async () => {
  const router = startRouter();
  await expect.poll(() => statusOf('/'), SOON).toBe(200);
  const agent = new Agent({ keepAlive: true });
  const underWay = ask('/hold', agent);
  await expect.poll(() => held.length, SOON).toBe(1);
  const gone = router.signal('SIGTERM');
  await expect.poll(() => statusOf('/'), SOON).toBe('ECONNREFUSED');
  expect(router.running).toBe(true);
  held[0]?.end('at last');
  expect(await underWay).toMatchObject({ status: 200, body: 'at last', headers: { connection: 'close' } });
  await gone;
  expect(router.exitCode).toBe(0);
  agent.destroy();
});

it('a visitor who asks again and again sees no broken answer while the router stops', async () => {
  const router = startRouter();
  await expect.poll(() => statusOf('/'), SOON).toBe(200);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await ask('/', agent)).toMatchObject({ body: 'hello' });
  const gone = router.signal('SIGTERM');
  let last: Answer | null = null;
  while (last?.headers.connection !== 'close') last = await ask('/', agent);
  expect(last).toMatchObject({ status: 200, body: 'hello' });
  await gone;
  expect(router.exitCode).toBe(0);
  agent.destroy();
});

it('a router that starts without Redis serves from disk within seconds', async () => {
  const first = startRouter();
  await expect.poll(() => statusOf('/'), SOON).toBe(200);
  await first.signal('SIGKILL');
  await redis.kill();
  startRouter();
  await expect.poll(() => statusOf('/')).toBe(200);
  const readiness = await fetch(`http://127.0.0.1:${metricsPort}/readyz`);
  expect(readiness.status).toBe(200);
});

it('a router that knows no table yet calls no host unknown, and is not ready', { timeout: 60_000 }, async () => {
  await redis.kill();
  startRouter();
  await expect.poll(() => statusOf('/')).toBe(503);
  expect((await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status).toBe(503);
  await redis.restart();
  await expect.poll(() => statusOf('/'), SOON).toBe(200);
  expect((await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status).toBe(200);
});

it('a port that is taken is told with the setting to change', async () => {
  startRouter();
  await expect.poll(() => statusOf('/'), SOON).toBe(200);
  const second = startService('router', { ...env, SWITCHYARD_METRICS_PORT: '0' }, logFile());
  routers.push(second);
  await expect.poll(() => second.running, SOON).toBe(false);
  expect(second.exitCode).toBe(1);
  expect(await readFile(logFile(), 'utf8')).toContain('SWITCHYARD_ROUTER_PORT');
});

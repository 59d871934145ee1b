import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@switchyard/client';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { processesWith } from '../harness/process-table.ts';
import { startRedis } from '../harness/redis.ts';
import { freePorts, visit } from '../harness/system.ts';

const ENTRY = fileURLToPath(new URL('../../apps/embedded/dist/main.js', import.meta.url));
const UP_TIMEOUT_MS = 40_000;
const GONE_TIMEOUT_MS = 45_000;

let directory: string;
let apiPort: number;
let routerPort: number;
let npmVersion: string;
let running: Start | undefined;

/** `npm start`, as it runs once everything is installed and built. */
class Start {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
  output = '';

  constructor(env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [ENTRY], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: directory,
        TMPDIR: tmpdir(),
        NO_COLOR: '1',
        SWITCHYARD_DATA_DIR: join(directory, 'data'),
        SWITCHYARD_API_PORT: String(apiPort),
        SWITCHYARD_ROUTER_PORT: String(routerPort),
        // As npm tells what it starts: with it the example needs no download.
        npm_config_user_agent: `npm/${npmVersion} node/${process.version} linux x64`,
        ...env,
      },
    });
    this.exited = once(this.child, 'exit');
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => void (this.output += chunk.toString()));
  }

  async whenUp(): Promise<void> {
    await vi.waitUntil(() => this.output.includes('Switchyard is up') || this.child.exitCode !== null, {
      timeout: UP_TIMEOUT_MS,
      interval: 50,
    });
    if (this.child.exitCode !== null) throw new Error(`npm start ended:\n${this.output}`);
  }

  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.child.kill(signal);
    await this.exited;
    return this.child.exitCode;
  }
}

beforeAll(async () => {
  npmVersion = execFileSync('npm', ['--version'], { encoding: 'utf8' }).trim();
  directory = await mkdtemp(join(tmpdir(), 'start-'));
  [apiPort = 0, routerPort = 0] = await freePorts(2);
});

afterEach(async () => {
  if (running?.child.exitCode === null && running.child.signalCode === null) await running.end('SIGTERM');
});

afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));

async function start(env: Record<string, string> = {}): Promise<Start> {
  running = new Start(env);
  await running.whenUp();
  return running;
}

/** Everything that belongs to this start, wherever it has gone: all of it carries the data directory in environment or arguments. */
const ours = () => processesWith(directory);
const hello = () => visit(routerPort, 'hello.localhost', '/').catch(() => ({ status: 0, body: '' }));

async function client() {
  const token = (await readFile(join(directory, 'data', 'admin-token'), 'utf8')).trim();
  return { token, api: createClient({ baseUrl: `http://127.0.0.1:${apiPort}`, token }) };
}

test('the first start deploys the example through all nine stages and says where everything is', {
  timeout: 90_000,
}, async () => {
  const { output } = await start();
  for (const stage of [
    '✓ Fetch source',
    '✓ Prepare environment',
    '– Install',
    '✓ Build',
    '– Migrate',
    '✓ Package',
    '✓ Check health',
    '✓ Switch traffic',
    '✓ Clean up',
  ])
    expect(output).toContain(stage);
  for (const said of [`http://hello.localhost:${routerPort}`, `http://localhost:${apiPort}`, 'admin-token'])
    expect(output).toContain(said);
  expect(await hello()).toMatchObject({ status: 200, body: expect.stringContaining('#1') });

  const { token, api } = await client();
  expect((await stat(join(directory, 'data', 'admin-token'))).mode & 0o777).toBe(0o600);
  expect(output).not.toContain(token);
  expect(output).not.toContain((await readFile(join(directory, 'data', 'redis', 'password'), 'utf8')).trim());
  expect((await api.app('hello')).live?.number).toBe(1);

  expect(await running?.end('SIGINT')).toBe(0);
  expect(await ours()).toEqual([]);
});

test('the next start has it answering again without deploying', { timeout: 60_000 }, async () => {
  await start();
  expect((await hello()).status).toBe(200);
  const { api } = await client();
  expect((await api.deployments('hello')).deployments.map(({ number }) => number)).toEqual([1]);
});

test('a second start beside the first is told about it, and changes nothing', { timeout: 60_000 }, async () => {
  const first = await start();
  const second = new Start();
  await second.exited;
  expect(second.child.exitCode).toBe(1);
  expect(second.output).toContain(`process ${first.child.pid}`);
  expect((await hello()).status).toBe(200);
});

test('a process that dies is started again, and the rest goes on', { timeout: 90_000 }, async () => {
  const { child } = await start();
  for (const name of ['worker', 'api', 'runner', 'router'] as const) {
    const [victim] = (await ours()).filter(({ command }) => command.includes(`apps/${name}/dist/main.js`));
    process.kill(victim!.pid, 'SIGKILL');
    const isBack = async (): Promise<boolean> =>
      (await ours()).some(({ pid, command }) => command.includes(`apps/${name}/dist/main.js`) && pid !== victim!.pid);
    await expect.poll(isBack).toBe(true);
  }
  const { api } = await client();
  const isReady = async (): Promise<boolean> => (await api.ready().catch(() => null))?.ready === true;
  await expect.poll(isReady).toBe(true);
  await expect.poll(async () => (await hello()).status).toBe(200);
  expect(child.exitCode).toBeNull();
});

test('nothing of ours lives on when the start is killed outright, and the next start goes on', {
  timeout: 90_000,
}, async () => {
  const first = await start();
  await first.end('SIGKILL');
  const own = async (): Promise<string[]> =>
    (await ours())
      .map(({ command }) => command)
      .filter((command) => /dist\/main\.js|redis-server|valkey-server/.test(command));
  await expect.poll(own, { timeout: GONE_TIMEOUT_MS }).toEqual([]);
  await start();
  await expect.poll(async () => (await hello()).status).toBe(200);
});

test('a start right after the last one was killed takes over what is left', { timeout: 90_000 }, async () => {
  const first = await start();
  await first.end('SIGKILL');
  await start();
  await expect.poll(async () => (await hello()).status).toBe(200);
  expect(await running?.end('SIGTERM')).toBe(0);
  expect(await ours()).toEqual([]);
});

test('what is wrong is said before anything is started', { timeout: 60_000 }, async () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ SWITCHYARD_API_PORT: 'many', SWITCHYARD_EXAMPLE: 'no' }, /SWITCHYARD_API_PORT[\s\S]*SWITCHYARD_EXAMPLE/],
    [{ SWITCHYARD_DATA_DIR: '/proc/nowhere' }, /SWITCHYARD_DATA_DIR/],
    [
      {
        SWITCHYARD_DATA_DIR: join(directory, 'other'),
        SWITCHYARD_API_PORT: String(routerPort),
        SWITCHYARD_ROUTER_PORT: String(routerPort),
      },
      /SWITCHYARD_ROUTER_PORT/,
    ],
    [{ SWITCHYARD_DATA_DIR: join(directory, 'other'), PATH: directory }, /redis-server.*valkey-server/s],
    [{ SWITCHYARD_DATA_DIR: join(directory, 'other'), REDIS_URL: 'redis://127.0.0.1:1' }, /Redis/],
  ];
  for (const [env, expected] of cases) {
    running = new Start(env);
    await running.exited;
    expect(running.child.exitCode, running.output).toBe(1);
    expect(running.output).toMatch(expected);
  }
  expect(await ours()).toEqual([]);
});

test('a start that a Redis with wrong settings stops ends with 1', { timeout: 60_000 }, async () => {
  const redis = await startRedis({ appendonly: 'no' });
  try {
    running = new Start({ SWITCHYARD_DATA_DIR: join(directory, 'other'), REDIS_URL: redis.url });
    await running.exited;
    expect(running.child.exitCode, running.output).toBe(1);
    expect(running.output).toContain('Switchyard can’t start');
  } finally {
    await redis.stop();
  }
});

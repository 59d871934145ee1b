import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, type DeploymentView } from '@switchyard/client';
import { type RedisServer, startRedis } from './redis.ts';
import { type ServiceName, type ServiceProcess, startService } from './service-process.ts';
import { waitFor } from './wait-for.ts';

/** A whole Switchyard on this machine: own Redis, own data directory, own ports, real processes. */
export interface System {
  readonly client: Client;
  readonly token: string;
  readonly apiUrl: string;
  readonly routerPort: number;
  readonly dataDirectory: string;
  readonly redis: RedisServer;
  /** The process started last of each kind. */
  readonly services: Readonly<Record<ServiceName, ServiceProcess>>;
  /** Starts one (more) of a kind; `env` on top of the system's. */
  start(name: ServiceName, env?: Record<string, string>): ServiceProcess;
  /** Those of a kind that run now. */
  running(name: ServiceName): ServiceProcess[];
  /** Asks the router as a visitor of `http://{app}.localhost` would. */
  visit(app: string, path?: string): Promise<{ status: number; body: string }>;
  /** Deploys and waits for the end. */
  deploy(app: string, options?: { ref?: string; reuse?: 'all' | 'dependencies' | 'none' }): Promise<DeploymentView>;
  waitUntilEnded(id: string): Promise<DeploymentView>;
  logsOf(id: string): Promise<string>;
  /** What the processes logged, for a test that fails. */
  processLogs(): Promise<string>;
  stop(): Promise<void>;
}

export interface SystemOptions {
  readonly env?: Record<string, string>;
  readonly platform?: 'local' | 'docker';
}

const ENDED = new Set(['succeeded', 'failed', 'cancelled', 'superseded', 'timed_out']);
const READY_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 180_000;

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(
      servers.map(
        (server) =>
          new Promise<number>((resolve, reject) => {
            server.once('error', reject);
            server.listen(0, '127.0.0.1', () => {
              const address = server.address();
              if (address !== null && typeof address === 'object') resolve(address.port);
            });
          }),
      ),
    );
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'system-'));
  const redis = await startRedis();
  const [apiPort = 0, routerPort = 0] = await freePorts(2);
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const baseEnv: Record<string, string> = {
    ...Object.fromEntries(
      Object.entries(process.env).filter(
        (entry): entry is [string, string] =>
          entry[1] !== undefined && !entry[0].startsWith('npm_') && entry[0] !== 'NODE_ENV',
      ),
    ),
    REDIS_URL: redis.url,
    SWITCHYARD_DATA_DIR: dataDirectory,
    SWITCHYARD_PLATFORM: options.platform ?? 'local',
    SWITCHYARD_API_PORT: String(apiPort),
    SWITCHYARD_ROUTER_PORT: String(routerPort),
    SWITCHYARD_ALLOW_FILE_REPOSITORIES: '1',
    SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES: '127.0.0.1',
    SWITCHYARD_STOP_INSTANCES_ON_EXIT: '1',
    // A test that pushes is not deployed behind its back.
    SWITCHYARD_HEAD_CHECK_INTERVAL_S: '0',
    SWITCHYARD_LOG_LEVEL: 'debug',
    ...options.env,
  };
  const all: ServiceProcess[] = [];
  let services: Record<ServiceName, ServiceProcess> | null = null;
  const start = (name: ServiceName, env: Record<string, string> = {}): ServiceProcess => {
    const started = startService(name, { ...baseEnv, ...env }, join(dataDirectory, `${name}.test.log`));
    all.push(started);
    if (services !== null) services[name] = started;
    return started;
  };

  async function stop(): Promise<void> {
    for (const name of ['api', 'worker', 'runner', 'router'] as const) {
      await Promise.all(
        all
          .filter((service) => service.name === name && service.running)
          .map(async (service) => {
            service.send('SIGCONT');
            await service.signal('SIGTERM');
          }),
      );
    }
    await redis.stop();
    await rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 });
  }

  async function processLogs(): Promise<string> {
    const files = (await readdir(dataDirectory)).filter((name) => name.endsWith('.test.log'));
    return (await Promise.all(files.map((name) => readFile(join(dataDirectory, name), 'utf8')))).join('\n');
  }

  try {
    services = { api: start('api'), runner: start('runner'), router: start('router'), worker: start('worker') };
    await waitFor('the system is ready', () => isReady(apiUrl), READY_TIMEOUT_MS, 100);
  } catch (error) {
    console.error(await processLogs());
    await stop();
    throw error;
  }
  const token = (await readFile(join(dataDirectory, 'admin-token'), 'utf8')).trim();
  const client = createClient({ baseUrl: apiUrl, token });

  async function waitUntilEnded(id: string): Promise<DeploymentView> {
    await waitFor(`${id} has ended`, async () => ENDED.has((await client.deployment(id)).status), END_TIMEOUT_MS, 50);
    return await client.deployment(id);
  }

  return {
    client,
    token,
    apiUrl,
    routerPort,
    dataDirectory,
    redis,
    services,
    start,
    running: (name) => all.filter((service) => service.name === name && service.running),
    visit: (app, path = '/') => visit(routerPort, `${app}.localhost`, path),
    deploy: async (app, request = {}) => await waitUntilEnded((await client.deploy(app, request)).id),
    waitUntilEnded,
    async logsOf(id) {
      let text = '';
      for await (const piece of client.logs(id)) text += piece;
      return text;
    },
    processLogs,
    stop,
  };
}

async function isReady(apiUrl: string): Promise<boolean> {
  return await fetch(`${apiUrl}/readyz`).then(
    async (response) => {
      await response.arrayBuffer();
      return response.ok;
    },
    () => false,
  );
}

/** One request over its own connection; rejects when the connection breaks. */
export function visit(port: number, host: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    asking.on('error', reject);
    asking.end();
  });
}

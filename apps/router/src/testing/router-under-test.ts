import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, createServer as createRawServer, type Server as RawServer, type Socket } from 'node:net';
import type { Endpoint, Route } from '@switchyard/domain';
import { Registry } from 'prom-client';
import { routerMetrics } from '../router-metrics.ts';
import { createRouterServer } from '../router-server.ts';
import { indexTable } from '../table.ts';
import type { TargetTimeouts } from '../target.ts';
import { Targets } from '../targets.ts';

export interface TestInstance<Kind = unknown> {
  readonly server: Kind;
  readonly port: number;
  /** Every connection to it that was ever made. */
  readonly connections: readonly Socket[];
  close(): Promise<void>;
}

async function listening<Kind extends RawServer>(server: Kind, port: number): Promise<TestInstance<Kind>> {
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => void connections.push(socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP address was expected');
  return {
    server,
    port: address.port,
    connections,
    async close() {
      for (const socket of connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An instance that speaks HTTP as Node does. */
export function httpInstance(listener: RequestListener, port = 0): Promise<TestInstance<Server>> {
  return listening(createServer({ keepAliveTimeout: 60_000 }, listener), port);
}

/** An instance that does what it is told with the bytes of each connection. */
export function rawInstance(onConnection: (socket: Socket) => void, port = 0): Promise<TestInstance> {
  const server = createRawServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return listening(server, port);
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const instance = await rawInstance(() => undefined);
  await instance.close();
  return instance.port;
}

export interface LiveApp {
  readonly host: string;
  /** Ports of ready instances, by the deployment's number. */
  readonly instances: Readonly<Record<number, readonly number[]>>;
  /** Weights by the deployment's number; all to the only one by default. */
  readonly weights?: Readonly<Record<number, number>>;
}

const padded = (text: string): string => text.replaceAll(/[^0-9A-Za-z]/g, '').padEnd(6, '0');

function tableOf(version: number, apps: readonly LiveApp[]): Parameters<typeof indexTable>[0] {
  const routes: Route[] = [];
  const endpoints: Endpoint[] = [];
  for (const { host, instances, weights } of apps) {
    const name = padded(host);
    const deploymentIds = Object.keys(instances);
    routes.push({
      v: 1,
      id: `route_${name}${version}`,
      environmentId: `env_${name}`,
      appId: `app_${name}`,
      appName: host.split('.')[0] ?? host,
      hosts: [host],
      owner: 1,
      at: 0,
      weights: deploymentIds.map((number) => ({
        releaseId: `rel_${name}${number}`,
        deploymentId: `dep_${name}${number}`,
        weight: weights?.[Number(number)] ?? 100,
      })),
    });
    for (const [number, ports] of Object.entries(instances)) {
      for (const port of ports) {
        endpoints.push({
          instanceId: `ins_${name}${number}${port}`,
          environmentId: `env_${name}`,
          deploymentId: `dep_${name}${number}`,
          host: '127.0.0.1',
          port,
          ready: true,
        });
      }
    }
  }
  return { farm: null, version, routes, endpoints };
}

/** The router's server in this process, with a table that the test sets. */
export class RouterUnderTest {
  readonly port: number;
  readonly targets: Targets;
  readonly registry: Registry;
  /** How often an instance out of the table became idle. */
  drained = 0;
  #version = 0;
  readonly #stop: (limitMs: number) => Promise<void>;

  private constructor(port: number, targets: Targets, registry: Registry, stop: (limitMs: number) => Promise<void>) {
    this.port = port;
    this.targets = targets;
    this.registry = registry;
    this.#stop = stop;
  }

  static async start(timeouts: Partial<TargetTimeouts> = {}): Promise<RouterUnderTest> {
    const registry = new Registry();
    const metrics = routerMetrics(registry, { tableAgeMs: () => 0, isRedisUp: () => Promise.resolve(true) });
    const targets: Targets = new Targets(
      (count) => Math.floor(Math.random() * count),
      { connectMs: 3_000, idleMs: 30_000, ...timeouts },
      () => {
        router.drained += 1;
      },
    );
    const visitors = createRouterServer(targets, metrics);
    const { port } = await listening(visitors.server, 0);
    const router: RouterUnderTest = new RouterUnderTest(port, targets, registry, (limitMs) => visitors.stop(limitMs));
    return router;
  }

  use(...apps: readonly LiveApp[]): void {
    this.#version += 1;
    this.targets.use(indexTable(tableOf(this.#version, apps)));
  }

  stop(limitMs = 0): Promise<void> {
    return this.#stop(limitMs);
  }

  async close(): Promise<void> {
    await this.#stop(0);
    await this.targets.close();
  }

  connect(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.port, allowHalfOpen: true });
    socket.on('error', () => undefined);
    return socket;
  }

  /** Sends bytes on a connection of its own and answers all that comes back until the router closes it. */
  async exchange(...chunks: readonly string[]): Promise<string> {
    const socket = this.connect();
    const answer = collect(socket);
    for (const chunk of chunks) socket.write(chunk, 'latin1');
    return await answer;
  }
}

/** All that a socket receives until the other side closes it. */
export async function collect(socket: Socket): Promise<string> {
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  await new Promise<void>((resolve) => socket.once('close', () => resolve()).once('end', () => socket.end()));
  return received;
}

/** Collects in the background: `seen()` is what has come so far; the connection ends when the other side ends it. */
export function follow(socket: Socket): { seen: () => string } {
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  socket.once('end', () => socket.end());
  return { seen: () => received };
}

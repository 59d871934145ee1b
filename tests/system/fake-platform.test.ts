import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Deployment, type DeploymentId, isFinal, LIMITS, NO_MAXIMA, STAGES } from '@switchyard/domain';
import { type FakePlatform, openDisk, openFakePlatform, openSources, openUploads } from '@switchyard/platform';
import { openStore, type Store } from '@switchyard/queue';
import {
  createLog,
  createMetrics,
  fileBlobs,
  logArchive,
  outputArchive,
  secretBox,
  systemClock,
  systemIds,
} from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { Ports } from '../../apps/runner/src/ports.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { Runner } from '../../apps/runner/src/runner.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { StartedSecrets } from '../../apps/runner/src/started-secrets.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { TableMemory } from '../../apps/runner/src/table-memory.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { workerMetrics } from '../../apps/worker/src/metrics.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { startWorker } from '../../apps/worker/src/worker.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Files, type Repository } from '../harness/repository.ts';
import { waitFor } from '../harness/wait-for.ts';

const hostId = systemIds('host');
const box = secretBox(Buffer.alloc(32, 1));
const ROUTER = systemIds('proc');

let directory: string;
let store: Store;
let platform: FakePlatform;
let visited: Server;
let repository: Repository | null = null;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fake-'));
  visited = createServer((_request, response) => response.end('well')).listen(0, '127.0.0.1');
  await once(visited, 'listening');
  store = await openStore({
    redisUrl: inject('redisUrl'),
    prefix: `fake-${randomBytes(6).toString('hex')}`,
    clock: systemClock,
    ids: systemIds,
    name: 'fake-test',
  });
  ends.push(() => store.close());
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  visited.closeAllConnections();
  await new Promise((resolve) => visited.close(resolve));
  await repository?.remove();
  await rm(directory, { recursive: true, force: true });
});

function addressOfServer(): { host: string; port: number } {
  const address = visited.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return { host: '127.0.0.1', port: address.port };
}

/** A worker, a runner and a router's acknowledgement, all real but for the platform: its instances "listen" where a server of the test does. */
async function startFarm(): Promise<void> {
  const farm = await store.farm.ensure(null);
  platform = openFakePlatform({
    farmId: farm.id,
    hostId,
    clock: systemClock,
    sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    needsHostPorts: true,
    runner: { start: (spec) => ('port' in spec ? { listens: [addressOfServer()] } : { output: 'migrated\n' }) },
  });
  const log = createLog({ process: 'fake', level: 'silent' });
  const runner = new Runner({
    store,
    platform: platform.runner,
    ports: await Ports.open(join(directory, 'ports.json'), systemClock, Math.random),
    memory: new TableMemory(join(directory, 'runner-state.json'), farm),
    outputArchive: outputArchive(fileBlobs(join(directory, 'blobs'))),
    startedSecrets: new StartedSecrets(join(directory, 'started-secrets'), box),
    secretBox: box,
    farm,
    hostId,
    clock: systemClock,
    log,
    onRestart: () => undefined,
  });
  await runner.start();
  ends.push(() => runner.stop({ stopInstances: true }));

  const router = await store.processes.join({
    id: ROUTER,
    kind: 'router',
    hostId,
    pid: process.pid,
    version: '0',
    metrics: null,
    startedAt: systemClock(),
  });
  ends.push(() => router.leave());
  const acknowledge = async (): Promise<void> => {
    const { routes } = await store.routing.table();
    await store.routing.acknowledge(ROUTER, {
      routes: new Map(routes.map(({ environmentId, id }) => [environmentId, id])),
      inFlight: new Map(),
    });
  };
  const unsubscribe = store.routing.onChange(() => void acknowledge().catch(() => undefined));
  ends.push(async () => unsubscribe());

  const blobs = fileBlobs(join(directory, 'blobs'));
  const sourceOptions = { kind: 'local', dataDir: directory, extraCaCerts: null, allowFileRepositories: true } as const;
  const worker = await startWorker({
    store,
    platform,
    sources: openSources(sourceOptions),
    disk: { disk: openDisk(sourceOptions, platform.worker), budgetBytes: null, reserveBytes: null },
    uploads: openUploads({ dataDir: directory }),
    blobs,
    archive: logArchive(blobs),
    farm,
    maxima: NO_MAXIMA,
    hostId,
    processId: systemIds('proc'),
    dataDirectory: directory,
    urlOf: (host) => `http://${host}:7080`,
    secrets: [],
    secretBox: box,
    pools: ['light', 'heavy'],
    concurrency: 2,
    clock: systemClock,
    ids: systemIds,
    jitter: () => 0,
    faultPoint: () => undefined,
    metrics: (active) =>
      workerMetrics(createMetrics({ process: 'worker' }), { active, isRedisUp: () => store.isReady() }),
    log,
  });
  ends.push(() => worker.drain(LIMITS.drainDeadlineMs.worker));
}

async function deploy(files: Files): Promise<Deployment> {
  repository = await createRepository(files);
  const { app, environment } = await store.apps.create({
    teamId: 'team_default',
    name: 'shop',
    repository: repository.url,
    branch: null,
    hosts: ['shop.localhost'],
  });
  const { id } = await store.chain.accept({
    appId: app.id,
    environmentId: environment.id,
    trigger: 'api',
    what: { kind: 'deploy', ref: null, reuse: 'all' },
  });
  await waitFor('the deployment has ended', async () => isFinal((await get(id)).status), 30_000);
  return await get(id);
}

async function get(id: DeploymentId): Promise<Deployment> {
  const found = await store.deployments.get(id);
  if (found === null) throw new Error(`${id} is gone`);
  return found;
}

describe('the nine stages on a platform in memory', { timeout: 60_000 }, () => {
  it('take a Node app with a migration live, each effect once', async () => {
    await startFarm();
    const deployment = await deploy(nodeApp({ says: 'hello', migrate: 'node migrate.js' }));
    expect(deployment.diagnosis).toBeNull();
    expect(deployment.status).toBe('succeeded');
    expect(deployment.stages.map(({ name, status }) => [name, status])).toEqual(
      STAGES.map((name) => [name, 'succeeded']),
    );
    expect(platform.runner.started.map(({ id }) => id.split('_')[0])).toEqual(['run', 'ins']);
    const commands = platform.worker.began.map(({ attempt, command }) => `${attempt.stage}: ${command}`);
    expect(commands).toHaveLength(2);
    expect(commands[0]).toContain('install: npm ci');
    expect(commands[1]).toContain('build: npm run build');
    expect(await store.routing.route(deployment.environmentId)).toMatchObject({
      owner: 1,
      weights: [{ deploymentId: deployment.id, weight: 100 }],
    });
  });

  it('take a plain static site live without a command', async () => {
    await startFarm();
    const deployment = await deploy({ 'index.html': '<h1>hello</h1>\n' });
    expect(deployment.diagnosis).toBeNull();
    expect(deployment.status).toBe('succeeded');
    expect(deployment.plan).toMatchObject({ language: 'static', start: { kind: 'static' } });
    expect(platform.worker.began).toEqual([]);
    expect(platform.runner.started).toHaveLength(1);
  });
});

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type App, type Deployment, isFinal, LIMITS, NO_MAXIMA } from '@switchyard/domain';
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
import { createRepository, type Repository } from '../harness/repository.ts';
import { loadRecords } from './load-records.ts';
import { BOX_KEY, HOST } from './placeholders.ts';

const FIXTURES = new URL('./fixtures/', import.meta.url);
const box = secretBox(Buffer.alloc(32, BOX_KEY));
const ROUTER = systemIds('proc');

let directory: string;
let store: Store;
let platform: FakePlatform;
let visited: Server;
let repository: Repository;
let clock: () => number;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upgrade-'));
  visited = createServer((_request, response) => response.end('well')).listen(0, '127.0.0.1');
  await once(visited, 'listening');
  repository = await createRepository(nodeApp({ says: 'hello', migrate: 'node migrate.js' }));
});

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  visited.closeAllConnections();
  await new Promise((resolve) => visited.close(resolve));
  await repository.remove();
  await rm(directory, { recursive: true, force: true });
});

/** What was recorded, and a time that goes on from when it was: leases that were alive then are alive. */
async function load(name: string): Promise<void> {
  const prefix = `upgrade-${randomBytes(6).toString('hex')}`;
  const redisUrl = inject('redisUrl');
  const text = await readFile(new URL(name, FIXTURES), 'utf8');
  const commit = await repository.git('rev-parse', 'HEAD');
  const recordedAt = await loadRecords({ text, redisUrl, prefix, repository: repository.url, commit });
  const since = systemClock();
  clock = () => recordedAt + systemClock() - since;
  store = await openStore({ redisUrl, prefix, clock, ids: systemIds, name: 'upgrade-test' });
  ends.push(() => store.close());
}

function addressOfServer(): { host: string; port: number } {
  const address = visited.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return { host: '127.0.0.1', port: address.port };
}

async function startRunner(): Promise<void> {
  const farm = await store.farm.current();
  platform = openFakePlatform({
    farmId: farm.id,
    hostId: HOST,
    clock,
    sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
    needsHostPorts: true,
    runner: { start: (spec) => ('port' in spec ? { listens: [addressOfServer()] } : { output: 'migrated\n' }) },
  });
  // The data directory outlives an upgrade: the file trees that records name are there.
  for (const { id, name } of await store.apps.list()) {
    const attempt = { appId: id, deploymentId: systemIds('dep'), stage: 'source', token: 1 } as const;
    await platform.worker.importTree({ attempt, directory: repository.directory, publish: `tree-${name}` });
  }
  const runner = new Runner({
    store,
    platform: platform.runner,
    ports: await Ports.open(join(directory, 'ports.json'), clock, Math.random),
    memory: new TableMemory(join(directory, 'runner-state.json'), farm),
    outputArchive: outputArchive(fileBlobs(join(directory, 'blobs'))),
    startedSecrets: new StartedSecrets(join(directory, 'started-secrets'), box),
    secretBox: box,
    farm,
    hostId: HOST,
    clock,
    log: createLog({ process: 'upgrade', level: 'silent' }),
    onRestart: () => undefined,
  });
  await runner.start();
  ends.push(() => runner.stop({ stopInstances: true }));
}

/** Says of every table that a router serves it. */
async function startRouter(): Promise<void> {
  const life = { pid: process.pid, version: '0', metrics: null, startedAt: clock() };
  const router = await store.processes.join({ id: ROUTER, kind: 'router', hostId: HOST, ...life });
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
}

async function startWorkers(): Promise<void> {
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
    farm: await store.farm.current(),
    maxima: NO_MAXIMA,
    hostId: HOST,
    processId: systemIds('proc'),
    dataDirectory: directory,
    urlOf: (host) => `http://${host}:7080`,
    secrets: [],
    secretBox: box,
    pools: ['light', 'heavy'],
    concurrency: 4,
    clock,
    ids: systemIds,
    jitter: () => 0,
    faultPoint: () => undefined,
    metrics: (active) =>
      workerMetrics(createMetrics({ process: 'worker' }), { active, isRedisUp: () => store.isReady() }),
    log: createLog({ process: 'upgrade', level: 'silent' }),
  });
  ends.push(() => worker.drain(LIMITS.drainDeadlineMs.worker));
}

/** In the order of their numbers. */
async function deploymentsOf({ id }: App): Promise<Deployment[]> {
  const page = await store.deployments.listOfApp(id, { before: null, limit: 100 });
  return page.toSorted((a, b) => a.number - b.number);
}

/** `waiting: hold` until somebody has looked, else the outcome and what was found to be the cause. */
const stateOf = ({ status, waiting, diagnosis }: Deployment): string =>
  [isFinal(status) ? status : (waiting ?? status), ...(diagnosis === null ? [] : [diagnosis.cause])].join(': ');

async function states(): Promise<Record<string, string[]>> {
  const apps = await store.apps.list();
  const found = await Promise.all(
    apps.map(async (app) => [app.name, (await deploymentsOf(app)).map(stateOf)] as const),
  );
  return Object.fromEntries(found);
}

/** Which of them comes first through the gate is not said. */
const ENDS = expect.stringMatching(/^(succeeded|superseded)$/);

/** How each has to have ended, or why it waits for a person, in the order of their numbers. */
const ENDED = {
  // Of several that were under way the newest stays live; those that it overtook say so.
  busy: [ENDS, ENDS, ENDS, ENDS, 'succeeded'],
  cancelling: ['cancelled'],
  exited: ['succeeded'],
  expired: ['succeeded'],
  // The archive itself is not among the records.
  folder: ['failed: upload_not_found'],
  held: ['failed: build_command_failed', 'hold'],
  queued: ['succeeded'],
  retry: ['succeeded'],
  // Its process did not outlive the host, as far as this runner sees: nobody may guess how it ended.
  running: ['failed: migration_outcome_unknown'],
  shop: ['succeeded', 'failed: build_command_failed', 'cancelled', 'succeeded'],
  tidying: ['failed: build_command_failed'],
  wanted: ['succeeded', 'succeeded'],
};

async function shopOf() {
  const app = await store.apps.find('shop');
  const [environment] = app === null ? [] : await store.apps.environments(app.id);
  if (app === null || environment === undefined) throw new Error('the app is gone');
  return { app, environment };
}

/** Of an app that is live, all that its owner would miss. */
async function kept() {
  const { app, environment } = await shopOf();
  const variables = await store.variables.readSealed(environment.id);
  const farm = await store.farm.current();
  const place = { farmId: farm.id, appId: app.id, environmentId: environment.id };
  return {
    farm,
    app,
    settings: (await store.settings.get(app.id))?.values,
    variables: variables?.map(({ name, sealed }) => [name, box.open({ ...place, name }, sealed)]),
    releases: (await store.releases.list(environment.id)).map(({ id, snapshot, plan }) => ({ id, snapshot, plan })),
    deliveries: await store.webhooks.deliveries(app.id),
  };
}

async function liveOf() {
  const { environment } = await shopOf();
  const route = await store.routing.route(environment.id);
  const running = (await store.instances.ofEnvironment(environment.id)).filter(({ mode }) => mode === 'run');
  return { hosts: route?.hosts, releases: route?.weights.map(({ releaseId }) => releaseId), running: running.length };
}

const fixtures = await readdir(FIXTURES);

describe.each(fixtures)('on the records of %s, this version’s processes', { timeout: 180_000 }, (fixture) => {
  it('take what was under way to its end, and keep what is live', async () => {
    await load(fixture);
    const before = await kept();
    expect(before).toMatchObject({
      settings: { replicas: 1, retention: { releases: 3 } },
      variables: [['GREETING', 'hello']],
      deliveries: [{ id: 'delivery-1', verdict: 'accepted' }],
    });
    expect(before.releases).toHaveLength(1);
    const live = await liveOf();
    expect(live).toEqual({ hosts: ['shop.localhost'], releases: [before.releases[0]?.id], running: 1 });
    await startRunner();
    await startRouter();
    await startWorkers();
    await expect.poll(states, { timeout: 120_000 }).toEqual(ENDED);
    expect(await kept()).toEqual(before);
    await expect.poll(liveOf).toEqual(live);
    expect((await store.deployments.counts()).slots.farm).toBe(0);

    const held = await store.apps.find('held');
    const [environment] = held === null ? [] : await store.apps.environments(held.id);
    if (environment === undefined) throw new Error('its environment is gone');
    await store.chain.releaseHold(environment.id);
    await expect.poll(async () => (await states())['held']?.at(1)).toBe('succeeded');
  });
});

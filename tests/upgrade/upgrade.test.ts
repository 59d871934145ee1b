import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type App, type Deployment, isFinal, LIMITS } from '@switchyard/domain';
import { type FakePlatform, openFakePlatform } from '@switchyard/platform';
import { openStore, type Store } from '@switchyard/queue';
import { secretBox, systemClock, systemIds } from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { joinAsRouter, type Surroundings, startRunnerInProcess, startWorkerInProcess } from '../harness/in-process.ts';
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

const surroundings = async (): Promise<Surroundings> => ({
  store,
  platform,
  farm: await store.farm.current(),
  hostId: HOST,
  directory,
  secretBox: box,
  clock,
});

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
  ends.push(await startRunnerInProcess(await surroundings()));
}

async function startWorkers(): Promise<void> {
  const worker = await startWorkerInProcess(await surroundings(), { concurrency: 4 });
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
    ends.push(await joinAsRouter({ store, hostId: HOST, clock }, ROUTER));
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

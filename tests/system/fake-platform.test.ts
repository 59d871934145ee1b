import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Deployment, type DeploymentId, isFinal, LIMITS, STAGES } from '@switchyard/domain';
import { type FakePlatform, openFakePlatform } from '@switchyard/platform';
import { openStore, type Store } from '@switchyard/queue';
import { secretBox, systemClock, systemIds } from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { joinAsRouter, startRunnerInProcess, startWorkerInProcess } from '../harness/in-process.ts';
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
  const surroundings = { store, platform, farm, hostId, directory, secretBox: box, clock: systemClock };
  ends.push(await startRunnerInProcess(surroundings));
  ends.push(await joinAsRouter(surroundings, ROUTER));
  const worker = await startWorkerInProcess(surroundings, { concurrency: 2 });
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

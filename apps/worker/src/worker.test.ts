import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Deployment,
  type DeploymentId,
  isFinal,
  LIMITS,
  NO_MAXIMA,
  type Reuse,
  type StageName,
} from '@switchyard/domain';
import { openDisk, openPlatform, openSources, openUploads, type Platform } from '@switchyard/platform';
import { openStore, type Store } from '@switchyard/queue';
import {
  createLog,
  fileBlobs,
  logArchive,
  platformConfig,
  platformSettings,
  readConfig,
  secretBox,
  systemClock,
  systemIds,
} from '@switchyard/service';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { nodeApp } from '../../../tests/harness/node-app.ts';
// @boundaries-ignore what tests of several packages share
import { processesWith } from '../../../tests/harness/process-table.ts';
// @boundaries-ignore what tests of several packages share
import { createRepository, type Repository } from '../../../tests/harness/repository.ts';
import { workerMetrics } from './metrics.ts';
import { type RunningWorker, startWorker } from './worker.ts';

const hostId = systemIds('host');
const FARM = { id: systemIds('farm'), epoch: 1 };
const box = secretBox(Buffer.alloc(32, 1));

let directory: string;
let outside: string;
let store: Store;
let platform: Platform;
let repository: Repository;
let app: Awaited<ReturnType<Store['apps']['create']>>;
let registry: Registry;
const workers: RunningWorker[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'worker-'));
  outside = await mkdtemp(join(tmpdir(), 'outside-'));
  // Builds run as a user of the app's own.
  await chmod(outside, 0o1777);
  platform = await openPlatform(options());
});

afterAll(async () => {
  await platform.close();
  await rm(directory, { recursive: true, force: true });
  await rm(outside, { recursive: true, force: true });
});

beforeEach(async () => {
  store = await openStore({
    redisUrl: inject('redisUrl'),
    prefix: `worker-${randomBytes(6).toString('hex')}`,
    clock: systemClock,
    ids: systemIds,
    name: 'worker-test',
  });
  await store.farm.ensure(FARM);
  registry = new Registry();
  // No runner takes part: the deployment ends at health, after all that a worker does alone.
  repository = await createRepository({
    ...nodeApp({ says: 'one' }),
    'switchyard.json': JSON.stringify({ node: process.versions.node, health: { timeLimitMs: 1_000 } }),
  });
  app = await store.apps.create({
    teamId: 'team_default',
    name: 'shop',
    repository: repository.url,
    branch: null,
    hosts: ['shop.localhost'],
  });
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.drain(LIMITS.drainDeadlineMs.worker)));
  await store.close();
  await repository.remove();
});

function options() {
  return {
    ...platformSettings(readConfig(platformConfig, process.env)),
    kind: 'local' as const,
    farmId: FARM.id,
    epoch: FARM.epoch,
    hostId,
    dataDir: directory,
    allowFileRepositories: true,
    announce: () => undefined,
  };
}

async function newWorker(metrics = new Registry()): Promise<RunningWorker> {
  const blobs = fileBlobs(join(directory, 'blobs'));
  const worker = await startWorker({
    store,
    platform,
    sources: openSources(options()),
    disk: { disk: openDisk(options(), platform.worker), budgetBytes: null, reserveBytes: null },
    uploads: openUploads(options()),
    blobs,
    archive: logArchive(blobs),
    farm: FARM,
    hostId,
    processId: systemIds('proc'),
    dataDirectory: directory,
    urlOf: (host) => `http://${host}:7080`,
    secrets: ['quite-secret'],
    secretBox: box,
    pools: ['light', 'heavy'],
    concurrency: 2,
    maxima: NO_MAXIMA,
    clock: systemClock,
    ids: systemIds,
    jitter: () => 0,
    faultPoint: () => undefined,
    metrics: (active) => workerMetrics(metrics, { active, isRedisUp: () => store.isReady() }),
    log: createLog({ process: 'worker', level: 'silent' }),
  });
  workers.push(worker);
  return worker;
}

async function deploy(reuse: Reuse = 'all'): Promise<DeploymentId> {
  const { id } = await store.chain.accept({
    appId: app.app.id,
    environmentId: app.environment.id,
    trigger: 'api',
    what: { kind: 'deploy', ref: null, reuse },
  });
  return id;
}

async function get(id: DeploymentId): Promise<Deployment> {
  const deployment = await store.deployments.get(id);
  if (deployment === null) throw new Error(`${id} is gone`);
  return deployment;
}

async function ended(id: DeploymentId): Promise<Deployment> {
  await expect.poll(async () => isFinal((await get(id)).status)).toBe(true);
  return await get(id);
}

const stageOf = (deployment: Deployment, name: StageName) => deployment.stages.find((stage) => stage.name === name);

async function logOf(id: DeploymentId, stage: StageName): Promise<string> {
  const archived = await logArchive(fileBlobs(join(directory, 'blobs'))).read(id, 0);
  return archived.flatMap(({ data }) => (data.stage === stage ? data.lines : [])).join('\n');
}

/** A build that ignores TERM, leaves a grandchild that does too, and says when both are there. */
function stubbornBuild(mark: string): string {
  const stay = `trap '' TERM; : ${mark}; touch ${join(outside, mark)}; while :; do sleep 0.1; done`;
  return `setsid sh -c \\"${stay}\\" & sh -c \\"${stay}\\"`.replaceAll('\\"', '"');
}

// A package manager may have to be fetched.
describe('a worker', { timeout: 60_000 }, () => {
  it('fetches, plans, installs, builds and packages; without a runner the deployment fails and is cleaned up', async () => {
    await newWorker(registry);
    const deployment = await ended(await deploy());

    expect(deployment.stages.map(({ status }) => status)).toEqual([
      'succeeded',
      'succeeded',
      'succeeded',
      'succeeded',
      'skipped',
      'succeeded',
      'failed',
      'skipped',
      'succeeded',
    ]);
    expect(deployment).toMatchObject({ status: 'failed', diagnosis: { stage: 'health', fault: 'transient' } });
    expect(deployment.commit).toMatchObject({ branch: 'main', message: 'First', author: 'Ada' });
    expect(await store.instances.ofEnvironment(app.environment.id)).toEqual([]);
    expect((await store.releases.list(app.environment.id)).map(({ liveAt }) => liveAt)).toEqual([null]);
    expect(await platform.worker.listWorkspaces()).toEqual([]);
    expect((await store.events.read(deployment.id, 0)).logsFrom).toBeNull();
    expect(await logOf(deployment.id, 'build')).toContain('▸ $ npm run build');
    expect(await logOf(deployment.id, 'source')).toMatch(/^▸ [0-9a-f]{10} First \(Ada\)/);
    const figures = await registry.metrics();
    expect(figures).toContain('switchyard_deployments_total{result="failed",trigger="api"} 1');
    expect(figures).toContain('switchyard_stage_results_total{stage="build",result="succeeded"} 1');
    expect(figures).toContain('switchyard_stage_cache_total{stage="install",result="miss"} 1');
    expect(figures).toContain('switchyard_worker_active_stages 0');
    expect(figures).toContain('switchyard_redis_up 1');
  });

  it('does nothing twice, says what changed, and does fresh work when asked', async () => {
    await newWorker();
    const caches = async (reuse: Reuse = 'all') => {
      const deployment = await ended(await deploy(reuse));
      return ['source', 'install', 'build'].map((name) => {
        const cache = stageOf(deployment, name as StageName)?.cache;
        return [cache?.result, cache?.because];
      });
    };
    const first = await caches();
    expect(first.map(([result]) => result)).toEqual(['miss', 'miss', 'miss']);
    expect(first[1]).toEqual(['miss', 'this is the first time']);
    const hit = ['hit', null];
    expect(await caches()).toEqual([hit, hit, hit]);

    await repository.commit(nodeApp({ says: 'two' }));
    expect((await caches()).slice(1)).toEqual([hit, ['miss', 'the source changed']]);

    await repository.commit({ 'vendor/greet/index.js': 'module.exports = (text) => `${text}!`;\n' });
    expect((await caches())[1]?.[1]).toMatch(/vendor\/greet\/? changed/);

    const fresh = ['miss', 'fresh work was asked for (reuse: none)'];
    expect((await caches('none')).slice(1)).toEqual([fresh, fresh]);
    expect(await caches()).toEqual([hit, hit, hit]);
  });

  it('ends a failing build at once, diagnosed, with a log that shows no secret', async () => {
    await newWorker();
    const place = { farmId: FARM.id, appId: app.app.id, environmentId: app.environment.id, name: 'TOKEN' };
    const sealed = box.seal(place, 'quite-secret');
    await store.variables.set(app.environment.id, [
      { name: 'TOKEN', scope: 'build', environment: 'production', sensitive: true, sealed },
    ]);
    await repository.commit(nodeApp({ says: 'two', build: 'echo $TOKEN && false' }));
    const deployment = await ended(await deploy());
    expect(deployment).toMatchObject({ status: 'failed', diagnosis: { stage: 'build', fault: 'user' } });
    expect(stageOf(deployment, 'build')?.attempts).toHaveLength(1);
    expect(stageOf(deployment, 'package')?.status).toBe('skipped');
    const log = await logOf(deployment.id, 'build');
    expect(log).toContain('***');
    for (const key of await readdir(join(directory, 'blobs', 'logs', deployment.id)))
      expect(await readFile(join(directory, 'blobs', 'logs', deployment.id, key), 'utf8')).not.toContain(
        'quite-secret',
      );
  });

  it('keeps what it writes down of a failure short, however long the command is', async () => {
    await newWorker();
    await repository.commit(nodeApp({ says: 'two', build: `false ${'long '.repeat(8_000)}` }));
    const { diagnosis, stages } = await ended(await deploy());
    expect(diagnosis).toMatchObject({ stage: 'build' });
    const note = stages.find(({ name }) => name === 'build')?.attempts.at(-1)?.note;
    expect(note).toMatch(/exited with 1\.$/);
    for (const text of [diagnosis?.title, diagnosis?.explanation, diagnosis?.fix, note])
      expect(Buffer.byteLength(text ?? '')).toBeLessThanOrEqual(LIMITS.maxErrorMessageBytes);
  });

  it('that can’t find the branch says so in the source stage’s log', async () => {
    await newWorker();
    await repository.git('checkout', '--quiet', '--detach');
    await store.apps.create({
      teamId: 'team_default',
      name: 'other',
      repository: repository.url,
      branch: 'no-such-branch',
      hosts: [],
    });
    const other = await store.apps.find('other');
    const [environment] = await store.apps.environments(other?.id ?? 'app_none00');
    const { id } = await store.chain.accept({
      appId: other?.id ?? 'app_none00',
      environmentId: environment?.id ?? 'env_none00',
      trigger: 'api',
      what: { kind: 'deploy', ref: null, reuse: 'all' },
    });
    const deployment = await ended(id);
    expect(deployment).toMatchObject({ status: 'failed', diagnosis: { stage: 'source', fault: 'user' } });
    const { events } = await store.events.read(id, 0);
    const lines = events.flatMap((event) => (event.type === 'log' ? event.data.lines : []));
    expect(lines[0]).toContain('no-such-branch');
  });

  it('that is told to cancel leaves no process behind', async () => {
    const mark = `stubborn-${randomBytes(4).toString('hex')}`;
    await newWorker();
    await repository.commit(nodeApp({ says: 'two', build: stubbornBuild(mark) }));
    const id = await deploy();
    await expect.poll(() => existsSync(join(outside, mark))).toBe(true);
    expect(await store.chain.cancel(id)).toBe('cancelling');
    const deployment = await ended(id);
    expect(deployment.status).toBe('cancelled');
    expect(stageOf(deployment, 'build')?.status).toBe('cancelled');
    expect(await processesWith(mark)).toEqual([]);
  });

  it('that is stopped hands its stage to another at once, at no cost of attempts', async () => {
    const mark = `handed-${randomBytes(4).toString('hex')}`;
    const file = join(outside, mark);
    const first = await newWorker();
    await repository.commit(
      nodeApp({ says: 'two', build: `echo begun >> ${file}; while [ ! -e ${file}.go ]; do sleep 0.05; done` }),
    );
    const id = await deploy();
    await expect.poll(() => existsSync(file)).toBe(true);
    await newWorker();
    await first.drain(LIMITS.drainDeadlineMs.worker);
    await expect.poll(() => readFile(file, 'utf8'), { timeout: LIMITS.leaseMs - 5_000 }).toBe('begun\nbegun\n');
    await writeFile(`${file}.go`, '');
    const deployment = await ended(id);
    expect(stageOf(deployment, 'build')?.attempts.map(({ result }) => result)).toEqual(['handed_back', 'succeeded']);
  });
});

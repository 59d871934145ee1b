/**
 * Writes records in every state through the store of the checkout that it runs in, and saves what Redis then holds:
 * `node --conditions=@switchyard/source --import=tsx tests/upgrade/record.ts FILE`. See CONTRIBUTING.md, "Upgrades".
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import {
  type AppId,
  type DeploymentId,
  type Diagnosis,
  type EnvironmentId,
  idsFrom,
  LIMITS,
  nextStep,
  type Plan,
  type Release,
  type StepName,
} from '@switchyard/domain';
import { type Lease, openStore, type StepResult, type Store } from '@switchyard/queue';
import { secretBox } from '@switchyard/service';
import { Redis } from 'ioredis';
import { startRedis } from '../harness/redis.ts';
import { BOX_KEY, COMMIT, HOST, PREFIX, REPOSITORY } from './placeholders.ts';

const ME = 'proc_workerone';
const clock = { now: 1_760_000_000_000 };

const PLAN: Plan = {
  v: 1,
  language: 'node',
  framework: null,
  root: '.',
  runtime: { name: 'node', wanted: '24' },
  packageManager: null,
  install: null,
  build: null,
  migrate: { command: 'node migrate.js' },
  start: { kind: 'command', command: 'node server.js' },
  health: { path: null, timeLimitMs: 60_000 },
  warnings: [],
  persist: [],
  reasons: [],
};

const DIAGNOSIS: Diagnosis = {
  cause: 'build_command_failed',
  stage: 'build',
  title: 'The build failed',
  explanation: 'It did.',
  fix: 'Mend it.',
  evidence: [],
  details: {},
  fault: 'user',
  confidence: 1,
};

interface Walked {
  readonly name: string;
  readonly appId: AppId;
  readonly environmentId: EnvironmentId;
}

class Recorder {
  readonly store: Store;
  readonly ids = idsFrom(() => randomBytes(8).toString('hex'));

  constructor(store: Store) {
    this.store = store;
  }

  async app(name: string, repository: string | null = REPOSITORY): Promise<Walked> {
    const hosts = [`${name}.localhost`];
    const made = await this.store.apps.create({ teamId: 'team_default', name, repository, branch: null, hosts });
    return { name, appId: made.app.id, environmentId: made.environment.id };
  }

  async deploy({ appId, environmentId }: Walked): Promise<DeploymentId> {
    const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;
    return (await this.store.chain.accept({ appId, environmentId, trigger: 'api', what })).id;
  }

  async lease(deploymentId: DeploymentId, step: StepName): Promise<Lease> {
    const answer = await this.store.chain.begin({ deploymentId, step }, { processId: ME });
    if (answer.answer !== 'run') throw new Error(`${step} should have run, but was ${answer.answer}`);
    return answer.lease;
  }

  async finish(id: DeploymentId, step: StepName, result: StepResult): Promise<void> {
    const answer = await this.store.chain.finish(await this.lease(id, step), result);
    if (answer !== 'finished') throw new Error(`${step}: ${answer}`);
  }

  /** Goes on up to, not into, `until`; null goes to the end. */
  async walk(app: Walked, id: DeploymentId, until: StepName | null): Promise<void> {
    const found = await this.store.deployments.get(id);
    for (let step = found?.step ?? null; step !== null && step !== until; step = nextStep(step)) {
      const lease = await this.lease(id, step);
      await this.store.chain.finish(lease, await this.result(app, lease));
    }
  }

  async result(app: Walked, lease: Lease): Promise<StepResult> {
    const { deploymentId, step } = lease;
    const snapshot = { key: `tree-${app.name}`, placement: 'any' } as const;
    if (step === 'pin') {
      const commit = { sha: COMMIT, branch: 'main', message: 'First', author: 'Ada', at: clock.now };
      return { kind: 'succeeded', commit };
    }
    if (step === 'source') return { kind: 'succeeded', artifacts: { source: snapshot } };
    if (step === 'environment') return { kind: 'succeeded', plan: PLAN };
    if (step === 'package') {
      const { releases, deployments } = this.store;
      const deployment = await deployments.get(deploymentId);
      if (deployment === null) throw new Error('gone');
      const { teamId, appId, environmentId, number, commit } = deployment;
      const made = { v: 1, id: this.ids('rel'), teamId, appId, environmentId, deploymentId, number, commit } as const;
      const release: Release = { ...made, snapshot, plan: PLAN, createdAt: clock.now, liveAt: null };
      await releases.put(lease, release);
      return { kind: 'succeeded', artifacts: { releaseId: release.id } };
    }
    if (step === 'health') await this.instance(app, lease);
    if (step === 'switch') {
      const releaseId = (await this.store.deployments.get(deploymentId))?.artifacts.releaseId;
      if (releaseId === undefined) throw new Error('no release');
      const { answer } = await this.store.chain.moveRoute(lease, { releaseId, minReady: 1 });
      if (answer !== 'moved') throw new Error(answer);
    }
    return { kind: 'succeeded' };
  }

  async instance(app: Walked, lease: Lease): Promise<void> {
    const deployment = await this.store.deployments.get(lease.deploymentId);
    const releaseId = deployment?.artifacts.releaseId;
    if (deployment === null || releaseId === undefined) throw new Error('no release');
    const { farmId, teamId, appId, environmentId, id: deploymentId } = deployment;
    const id = this.ids('ins');
    const owners = { farmId, epoch: 1, hostId: HOST, teamId, appId, appName: app.name, environmentId, deploymentId };
    const snapshot = { key: `tree-${app.name}`, placement: 'any' } as const;
    const { start, runtime, root, persist, health } = PLAN;
    const program = {
      releaseId,
      snapshot,
      start,
      runtime,
      root,
      persist,
      env: {},
      health,
      limits: LIMITS.runResources,
    };
    const life = { mode: 'run', drainUntil: null, createdAt: clock.now } as const;
    await this.store.instances.desire(lease, [{ v: 1, id, ...owners, ...program, ...life }]);
    const address = { host: '127.0.0.1', port: 20_001 };
    await this.store.routing.putEndpoint({ instanceId: id, environmentId, deploymentId, ...address, ready: true });
  }

  /** A deployment in the middle of its migration. */
  async migration(app: Walked, state: 'wanted' | 'running' | 'exited'): Promise<void> {
    const id = await this.deploy(app);
    await this.walk(app, id, 'migrate');
    const lease = await this.lease(id, 'migrate');
    const deployment = await this.store.deployments.get(id);
    if (deployment === null) throw new Error('gone');
    const { farmId, teamId, appId, environmentId } = deployment;
    const owners = { farmId, epoch: 1, hostId: HOST, teamId, appId, environmentId, deploymentId: id };
    const snapshot = { key: `tree-${app.name}`, placement: 'any' } as const;
    const { runtime, root, persist } = PLAN;
    const program = { snapshot, command: 'node migrate.js', runtime, root, persist, env: {}, timeLimitMs: 60_000 };
    const life = { limits: LIMITS.buildResources, exit: null, createdAt: clock.now, startedAt: null, endedAt: null };
    const asked = { state: 'wanted', endRequestedAt: null } as const;
    const wanted = { v: 1, id: this.ids('run'), ...owners, ...program, ...life, ...asked } as const;
    await this.store.oneOffs.desire(lease, wanted);
    if (state === 'wanted') return;
    const running = { ...wanted, state: 'running', startedAt: clock.now } as const;
    await this.store.oneOffs.advance(running);
    if (state === 'running') return;
    const exit = { code: 0, signal: null, timedOut: false, memory: null };
    await this.store.oneOffs.advance({ ...running, state: 'exited', exit, endedAt: clock.now });
  }
}

async function write(recorder: Recorder): Promise<void> {
  const { store } = recorder;
  const { id: farmId } = await store.farm.ensure(null);

  const expired = await recorder.app('expired');
  const lost = await recorder.deploy(expired);
  await recorder.walk(expired, lost, 'build');
  await recorder.lease(lost, 'build');
  clock.now += LIMITS.leaseMs + 1;

  const shop = await recorder.app('shop');
  const { appId, environmentId } = shop;
  const place = { farmId, appId, environmentId, name: 'GREETING' };
  const sealed = secretBox(Buffer.alloc(32, BOX_KEY)).seal(place, 'hello');
  await store.variables.set(environmentId, [
    { name: 'GREETING', scope: 'both', environment: 'production', sensitive: true, sealed },
  ]);
  await store.settings.replace(appId, 0, { replicas: 1, retention: { releases: 3 } });
  const live = await recorder.deploy(shop);
  await recorder.walk(shop, live, null);
  const event = { id: 'delivery-1', provider: 'github', event: 'push', ref: 'refs/heads/main' } as const;
  const verdict = { verdict: 'accepted', cause: null, deploymentId: live, reason: null } as const;
  await store.webhooks.keep(appId, { ...event, sha: COMMIT, ...verdict });
  const failed = await recorder.deploy(shop);
  await recorder.walk(shop, failed, 'build');
  const failure = { kind: 'failed', diagnosis: DIAGNOSIS, note: 'exit 1', retryAfterMs: null } as const;
  await recorder.finish(failed, 'build', failure);
  await recorder.walk(shop, failed, null);
  await store.chain.cancel(await recorder.deploy(shop));
  const [release] = await store.releases.list(environmentId);
  if (release === undefined) throw new Error('no release');
  await store.chain.accept({ appId, environmentId, trigger: 'rollback', what: { kind: 'rollback', release } });

  await recorder.deploy(await recorder.app('queued'));

  const busy = await recorder.app('busy');
  for (let index = 0; index <= LIMITS.slotsPerApp; index += 1) {
    const id = await recorder.deploy(busy);
    await recorder.walk(busy, id, 'source');
    if (index === LIMITS.slotsPerApp) continue;
    await recorder.walk(busy, id, 'build');
    await recorder.lease(id, 'build');
  }

  const retry = await recorder.app('retry');
  const again = await recorder.deploy(retry);
  await recorder.walk(retry, again, 'install');
  await recorder.finish(again, 'install', { ...failure, retryAfterMs: 1_000 });

  const wanted = await recorder.app('wanted');
  await recorder.migration(wanted, 'wanted');
  await recorder.walk(wanted, await recorder.deploy(wanted), 'migrate');
  await recorder.migration(await recorder.app('running'), 'running');
  await recorder.migration(await recorder.app('exited'), 'exited');

  const held = await recorder.app('held');
  const holder = await recorder.deploy(held);
  await recorder.walk(held, holder, 'migrate');
  const hold = JSON.stringify({ scope: 'all', reason: 'unknown', deploymentId: holder, at: clock.now });
  await recorder.finish(holder, 'migrate', { ...failure, hold });
  await recorder.walk(held, holder, null);
  await recorder.walk(held, await recorder.deploy(held), 'migrate');

  const tidying = await recorder.app('tidying');
  const decided = await recorder.deploy(tidying);
  await recorder.walk(tidying, decided, 'build');
  await recorder.finish(decided, 'build', failure);

  const cancelling = await recorder.app('cancelling');
  const unwanted = await recorder.deploy(cancelling);
  await recorder.walk(cancelling, unwanted, 'build');
  await recorder.lease(unwanted, 'build');
  await store.chain.cancel(unwanted);

  const folder = await recorder.app('folder', null);
  const upload = {
    v: 1,
    id: recorder.ids('upl'),
    appId: folder.appId,
    bytes: 100,
    files: 1,
    createdAt: clock.now,
  } as const;
  await store.uploads.put({ ...upload, sha256: 'b'.repeat(64) });
  const what = { kind: 'deploy', ref: null, upload: upload.id, reuse: 'all' } as const;
  await store.chain.accept({ appId: folder.appId, environmentId: folder.environmentId, trigger: 'cli', what });
}

async function valueOf(redis: Redis, key: string, type: string): Promise<unknown> {
  if (type === 'string') return await redis.get(key);
  if (type === 'hash') return await redis.hgetall(key);
  if (type === 'set') return (await redis.smembers(key)).toSorted();
  if (type === 'zset') return await redis.zrange(key, '0', '-1', 'WITHSCORES');
  if (type === 'list') return await redis.lrange(key, 0, -1);
  if (type === 'stream') return await redis.xrange(key, '-', '+');
  throw new Error(`${key} is a ${type}`);
}

async function dump(redis: Redis, prefix: string): Promise<Record<string, unknown>> {
  const keys: Record<string, unknown> = {};
  for (const key of (await redis.keys(`${prefix}:*`)).toSorted()) {
    const type = await redis.type(key);
    keys[key] = { type, value: await valueOf(redis, key, type) };
  }
  return keys;
}

const [, , file] = process.argv;
if (file === undefined) throw new Error('Name the file to write.');
const server = await startRedis();
const prefix = `record-${randomBytes(6).toString('hex')}`;
const options = { redisUrl: server.url, prefix, clock: () => clock.now, name: 'record' };
const store = await openStore({ ...options, ids: idsFrom(() => randomBytes(8).toString('hex')) });
const redis = new Redis(server.url);
try {
  await write(new Recorder(store));
  const text = JSON.stringify({ recordedAt: clock.now, keys: await dump(redis, prefix) }, null, 1);
  await writeFile(file, `${text.replaceAll(prefix, PREFIX)}\n`);
} finally {
  redis.disconnect();
  await store.close();
  await server.stop();
}

import { randomBytes } from 'node:crypto';
import type {
  AppId,
  Clock,
  Deployment,
  DeploymentId,
  Diagnosis,
  EnvironmentId,
  InstanceId,
  Release,
  StepName,
} from '@switchyard/domain';
import { idsFrom, LIMITS, nextStep, STAGES } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { openStore } from './open-store.ts';
import type { BeginAnswer, Lease, StepResult, Store } from './store.ts';

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

const ME = 'proc_workerone' as const;
const OTHER = 'proc_workertwo' as const;

let store: Store;
let now: number;
let app: { appId: AppId; environmentId: EnvironmentId };
const clock: Clock = () => now;

beforeEach(async () => {
  now = 1_800_000_000_000;
  store = await openStore({
    redisUrl: inject('redisUrl'),
    prefix: `chain-${randomBytes(6).toString('hex')}`,
    clock,
    ids: idsFrom(() => randomBytes(8).toString('hex')),
    name: 'chain-test',
  });
  app = await newApp('hello');
});

afterEach(async () => {
  await store.close();
});

async function newApp(name: string): Promise<{ appId: AppId; environmentId: EnvironmentId }> {
  const made = await store.apps.create({
    teamId: 'team_default',
    name,
    repository: 'https://example.test/r.git',
    branch: null,
    hosts: [`${name}.localhost`],
  });
  return { appId: made.app.id, environmentId: made.environment.id };
}

async function deploy(of = app): Promise<DeploymentId> {
  const { id } = await store.chain.accept({ ...of, trigger: 'api', what: { kind: 'deploy', ref: null, reuse: 'all' } });
  return id;
}

async function get(id: DeploymentId): Promise<Deployment> {
  const found = await store.deployments.get(id);
  if (found === null) throw new Error(`${id} is gone`);
  return found;
}

function running(answer: BeginAnswer): Lease {
  if (answer.answer !== 'run') throw new Error(`expected to run, got ${answer.answer}`);
  return answer.lease;
}

const begin = (deploymentId: DeploymentId, step: StepName, processId: `proc_${string}` = ME): Promise<BeginAnswer> =>
  store.chain.begin({ deploymentId, step }, { processId });

async function pass(id: DeploymentId, step: StepName, result: StepResult = { kind: 'succeeded' }): Promise<void> {
  const lease = running(await begin(id, step));
  if (step === 'switch') await makeLive(lease);
  expect(await store.chain.finish(lease, result)).toBe('finished');
}

/** Walks a deployment up to, not into, `until`. */
async function walk(id: DeploymentId, until: StepName | null): Promise<void> {
  for (let step: StepName | null = (await get(id)).step; step !== null && step !== until; step = nextStep(step))
    await pass(id, step);
}

function release(id: DeploymentId, number: number): Release {
  return {
    v: 1,
    id: `rel_${number}aaaaaa`,
    teamId: 'team_default',
    ...app,
    deploymentId: id,
    number,
    commit: null,
    snapshot: { key: `rel-${number}`, placement: 'any' },
    plan: PLAN,
    createdAt: now,
    liveAt: null,
  };
}

const PLAN: Release['plan'] = {
  v: 1,
  language: 'node',
  framework: null,
  root: '.',
  runtime: { name: 'node', wanted: '24' },
  packageManager: null,
  install: null,
  build: null,
  migrate: null,
  start: { kind: 'command', command: 'node server.js' },
  health: { path: null, timeLimitMs: 60_000 },
  warnings: [],
  reasons: [],
};

async function makeLive(lease: Lease): Promise<string> {
  const deployment = await get(lease.deploymentId);
  const kept = await store.releases.put(lease, release(deployment.id, deployment.number));
  if (kept === null) throw new Error('lease lost');
  const instance: InstanceId = `ins_${deployment.number}aaaaaa`;
  const desired = await store.instances.desire(lease, [
    {
      v: 1,
      id: instance,
      farmId: deployment.farmId,
      epoch: 1,
      hostId: 'host_aaaaaa',
      teamId: deployment.teamId,
      appId: deployment.appId,
      appName: 'hello',
      environmentId: deployment.environmentId,
      deploymentId: deployment.id,
      releaseId: kept.id,
      snapshot: kept.snapshot,
      start: PLAN.start,
      runtime: PLAN.runtime,
      root: '.',
      env: {},
      health: PLAN.health,
      mode: 'run',
      drainUntil: null,
      createdAt: now,
    },
  ]);
  expect(desired).toHaveLength(1);
  await store.routing.putEndpoint({
    instanceId: instance,
    environmentId: deployment.environmentId,
    deploymentId: deployment.id,
    host: '127.0.0.1',
    port: 20_001,
    ready: true,
  });
  const moved = await store.chain.moveRoute(lease, { releaseId: kept.id, minReady: 1 });
  return moved.answer;
}

describe('a deployment', () => {
  it('walks pin and the nine stages in their order and ends succeeded', async () => {
    const id = await deploy();
    expect(await get(id)).toMatchObject({ number: 1, status: 'queued', step: 'pin' });
    await walk(id, null);
    const ended = await get(id);
    expect(ended).toMatchObject({ status: 'succeeded', outcome: 'succeeded', step: null, waiting: null });
    expect(ended.stages.map(({ status }) => status)).toEqual(STAGES.map(() => 'succeeded'));
    const { events } = await store.events.read(id, 0);
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'deployment.ended', data: { outcome: 'succeeded' } });
    expect((await store.deployments.counts()).slots.farm).toBe(0);
  });

  it('that fails keeps what was live, is diagnosed, and is cleaned up', async () => {
    const first = await deploy();
    await walk(first, null);
    const route = await store.routing.route(app.environmentId);
    const second = await deploy();
    await walk(second, 'build');
    await pass(second, 'build', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'exit 1', retryAfterMs: null });
    expect(await get(second)).toMatchObject({
      status: 'running',
      outcome: 'failed',
      step: 'cleanup',
      diagnosis: DIAGNOSIS,
    });
    await pass(second, 'cleanup');
    const ended = await get(second);
    expect(ended.status).toBe('failed');
    expect(ended.stages.find(({ name }) => name === 'migrate')).toMatchObject({ status: 'skipped', attempts: [] });
    expect(await store.routing.route(app.environmentId)).toEqual(route);
  });
});

describe('a wake-up', () => {
  it('that comes double, early or late runs nothing twice', async () => {
    const id = await deploy();
    expect(await begin(id, 'source')).toEqual({ answer: 'not-next' });
    const lease = running(await begin(id, 'pin'));
    expect(await begin(id, 'pin', OTHER)).toEqual({ answer: 'held' });
    await store.chain.finish(lease, { kind: 'succeeded' });
    expect(await begin(id, 'pin')).toEqual({ answer: 'done' });
    expect(await begin('dep_unknown', 'pin')).toEqual({ answer: 'gone' });
  });

  it('is handed to whoever takes from the queue', async () => {
    const seen: string[] = [];
    let resolve: () => void = () => undefined;
    const ended = new Promise<void>((fulfil) => {
      resolve = fulfil;
    });
    const taking = await store.queues.take({
      queues: ['light', 'heavy'],
      concurrency: 2,
      onError: (error) => seen.push(String(error)),
      work: async (wake) => {
        const answer = await store.chain.begin(wake, { processId: ME });
        if (answer.answer !== 'run') return;
        seen.push(wake.step);
        if (wake.step === 'switch') await makeLive(answer.lease);
        await store.chain.finish(answer.lease, { kind: 'succeeded' });
        if (wake.step === 'cleanup') resolve();
      },
    });
    await deploy();
    await ended;
    await taking.close();
    expect(seen).toEqual(['pin', ...STAGES]);
  });
});

describe('a lease', () => {
  it('that ran out is taken over once, and its old holder can write nothing any more', async () => {
    const id = await deploy();
    await walk(id, 'build');
    const old = running(await begin(id, 'build'));
    now += LIMITS.leaseMs + 1;
    expect(await store.chain.sweep(ME)).toMatchObject({ takenOver: 1 });
    const next = running(await begin(id, 'build', OTHER));
    expect(next.token).toBeGreaterThan(old.token);
    expect(await store.chain.beat(old)).toBe('lost');
    expect(await store.chain.finish(old, { kind: 'succeeded' })).toBe('lease-lost');
    expect(await store.events.appendLog(old, { stage: 'build', attempt: 1, firstLine: 1, lines: ['x'] })).toBeNull();
    expect(await store.chain.finish(next, { kind: 'succeeded' })).toBe('finished');
    const build = (await get(id)).stages.find(({ name }) => name === 'build');
    expect(build?.attempts.map(({ result }) => result)).toEqual(['lost', 'succeeded']);
  });

  it('kept alive by beats is not taken over', async () => {
    const id = await deploy();
    await walk(id, 'build');
    const lease = running(await begin(id, 'build'));
    now += LIMITS.leaseMs - 1;
    expect(await store.chain.beat(lease)).toBe('kept');
    now += LIMITS.leaseMs - 1;
    expect(await store.chain.sweep(ME)).toMatchObject({ takenOver: 0 });
    expect(await begin(id, 'build', OTHER)).toEqual({ answer: 'held' });
  });

  it('lost too often in one stage fails the deployment as the platform’s fault', async () => {
    const id = await deploy();
    await walk(id, 'build');
    for (let lost = 0; lost <= LIMITS.maxLostWorkersPerStage; lost += 1) {
      running(await begin(id, 'build'));
      now += LIMITS.leaseMs + 1;
      await store.chain.sweep(ME);
    }
    expect(await get(id)).toMatchObject({
      outcome: 'failed',
      diagnosis: { cause: 'worker-lost', stage: 'build', fault: 'platform' },
    });
  });

  it('that is handed back is taken over at once and costs no attempt', async () => {
    const id = await deploy();
    await walk(id, 'install');
    await pass(id, 'install', { kind: 'handed_back' });
    const again = await begin(id, 'install', OTHER);
    expect(again).toMatchObject({ answer: 'run', attempt: 2, counted: 1 });
  });
});

describe('a retry', () => {
  it('waits for its time without a slot and runs again', async () => {
    const id = await deploy();
    await walk(id, 'install');
    await pass(id, 'install', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'registry 429', retryAfterMs: 1_000 });
    expect(await get(id)).toMatchObject({ waiting: 'retry', status: 'running' });
    expect((await store.deployments.counts()).slots.farm).toBe(0);
    expect(await begin(id, 'install')).toEqual({ answer: 'waiting' });
    now += 1_000;
    expect(await begin(id, 'install')).toMatchObject({ answer: 'run', attempt: 2, counted: 2 });
  });

  it('whose wake-up was lost is woken by the sweep', async () => {
    const id = await deploy();
    await walk(id, 'install');
    await pass(id, 'install', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'registry 429', retryAfterMs: 1_000 });
    now += 4_000;
    expect(await store.chain.sweep(ME)).toMatchObject({ rewoken: 1 });
  });
});

describe('cancel', () => {
  it('ends a deployment that has not begun at once', async () => {
    const id = await deploy();
    expect(await store.chain.cancel(id)).toBe('cancelled');
    expect(await get(id)).toMatchObject({ status: 'cancelled', step: null });
    expect(await store.chain.cancel(id)).toBe('already-ended');
    expect(await begin(id, 'pin')).toEqual({ answer: 'done' });
  });

  it('is `cancelling` until the running stage has ended, then cleans up', async () => {
    const id = await deploy();
    await walk(id, 'build');
    const lease = running(await begin(id, 'build'));
    expect(await store.chain.cancel(id)).toBe('cancelling');
    expect(await store.chain.beat(lease)).toBe('cancel');
    expect((await get(id)).status).toBe('cancelling');
    await store.chain.finish(lease, { kind: 'cancelled' });
    expect(await get(id)).toMatchObject({ status: 'cancelling', outcome: 'cancelled', step: 'cleanup' });
    await pass(id, 'cleanup');
    expect((await get(id)).status).toBe('cancelled');
  });

  it('wins over a stage that succeeds at the same moment', async () => {
    const id = await deploy();
    await walk(id, 'build');
    const lease = running(await begin(id, 'build'));
    await store.chain.cancel(id);
    await store.chain.finish(lease, { kind: 'succeeded' });
    expect(await get(id)).toMatchObject({ outcome: 'cancelled', step: 'cleanup' });
  });

  it('comes too late once the route has moved', async () => {
    const id = await deploy();
    await walk(id, 'switch');
    const lease = running(await begin(id, 'switch'));
    expect(await makeLive(lease)).toBe('moved');
    expect(await store.chain.cancel(id)).toBe('already-switched');
    await store.chain.finish(lease, { kind: 'succeeded' });
    await pass(id, 'cleanup');
    expect((await get(id)).status).toBe('succeeded');
  });

  it('that comes first keeps the route where it is', async () => {
    const id = await deploy();
    await walk(id, 'switch');
    const lease = running(await begin(id, 'switch'));
    await store.chain.cancel(id);
    expect(await makeLive(lease)).toBe('cancelled');
    expect(await store.routing.route(app.environmentId)).toBeNull();
  });
});

describe('the gate', () => {
  it('lets one deployment in; the next waits without a slot and goes on when it has left', async () => {
    const first = await deploy();
    await walk(first, 'package');
    const second = await deploy();
    await walk(second, 'migrate');
    expect(await begin(second, 'migrate')).toEqual({ answer: 'waiting' });
    expect(await get(second)).toMatchObject({ waiting: 'gate' });
    await walk(first, 'cleanup');
    expect(await get(second)).toMatchObject({ waiting: null, step: 'migrate' });
    await walk(second, null);
    expect((await get(second)).status).toBe('succeeded');
  });

  it('supersedes the lower of two that wait', async () => {
    const first = await deploy();
    await walk(first, 'package');
    const second = await deploy();
    await walk(second, 'migrate');
    await begin(second, 'migrate');
    const third = await deploy();
    await walk(third, 'migrate');
    expect(await begin(third, 'migrate')).toEqual({ answer: 'waiting' });
    expect(await get(second)).toMatchObject({ outcome: 'superseded', step: 'cleanup' });
  });

  it('refuses a deployment that a newer one has overtaken', async () => {
    const first = await deploy();
    await walk(first, 'migrate');
    const second = await deploy();
    await walk(second, null);
    expect(await begin(first, 'migrate')).toEqual({ answer: 'done' });
    expect(await get(first)).toMatchObject({ outcome: 'superseded' });
  });

  it('is given back by a failed deployment', async () => {
    const first = await deploy();
    await walk(first, 'health');
    await pass(first, 'health', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null });
    expect(await store.apps.environment(app.environmentId)).toMatchObject({ gateHolder: null });
  });

  it('stays shut under a hold until a person releases it', async () => {
    const first = await deploy();
    await walk(first, 'migrate');
    await pass(first, 'migrate', {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'host lost',
      retryAfterMs: null,
      hold: 'the migration’s outcome is unknown',
    });
    const second = await deploy();
    await walk(second, 'migrate');
    expect(await begin(second, 'migrate')).toEqual({ answer: 'waiting' });
    expect((await get(second)).waiting).toBe('hold');
    await store.chain.releaseHold(app.environmentId);
    await walk(second, null);
    expect((await get(second)).status).toBe('succeeded');
  });
});

describe('latest wins', () => {
  it('supersedes queued deployments of the same environment at once', async () => {
    const first = await deploy();
    const second = await deploy();
    expect((await get(first)).status).toBe('superseded');
    expect((await get(second)).status).toBe('queued');
  });
});

describe('a rollback', () => {
  it('enters at health with a kept release, passes a held gate, and holds automatic deployments', async () => {
    const first = await deploy();
    await walk(first, null);
    const second = await deploy();
    await walk(second, 'package');
    const kept = await store.releases.get('rel_1aaaaaa');
    if (kept === null) throw new Error('not kept');
    const { id } = await store.chain.accept({ ...app, trigger: 'rollback', what: { kind: 'rollback', release: kept } });
    await walk(id, null);
    expect(await get(id)).toMatchObject({ status: 'succeeded', number: 3 });
    expect(await store.apps.environment(app.environmentId)).toMatchObject({ hold: { scope: 'automatic' } });
    await walk(second, 'switch');
    const late = running(await begin(second, 'switch'));
    expect(await store.chain.moveRoute(late, { releaseId: 'rel_2aaaaaa', minReady: 0 })).toEqual({
      answer: 'outdated',
    });
  });
});

describe('admission', () => {
  it('holds what is over an app’s slots and lets it in when one is given back', async () => {
    const ids: DeploymentId[] = [];
    const leases: Lease[] = [];
    for (let index = 0; index < LIMITS.slotsPerApp + 1; index += 1) {
      const id = await deploy();
      ids.push(id);
      await pass(id, 'pin');
      const answer = await begin(id, 'source');
      if (answer.answer === 'run') leases.push(answer.lease);
    }
    const last = ids.at(-1) as DeploymentId;
    expect(leases).toHaveLength(LIMITS.slotsPerApp);
    expect((await get(last)).waiting).toBe('slot');
    await store.chain.finish(leases[0] as Lease, {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'no',
      retryAfterMs: null,
    });
    await pass(ids[0] as DeploymentId, 'cleanup');
    expect((await get(last)).waiting).toBeNull();
  });
});

describe('deleting an app', () => {
  it('frees its name, cancels what is unfinished, and forgets it when all has ended', async () => {
    const live = await deploy();
    await walk(live, null);
    const unfinished = await deploy();
    await walk(unfinished, 'build');
    await store.apps.remove(app.appId);
    expect(await store.apps.find('hello')).toBeNull();
    expect(await store.routing.table()).toMatchObject({ routes: [], endpoints: [] });
    expect(await store.instances.ofEnvironment(app.environmentId)).toEqual([]);
    await newApp('hello');
    await pass(unfinished, 'cleanup');
    expect(await store.chain.sweep(ME)).toMatchObject({ purgedApps: [app.appId] });
    expect(await store.deployments.get(live)).toBeNull();
  });
});

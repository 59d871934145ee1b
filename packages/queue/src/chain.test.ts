import { type DeploymentId, LIMITS, STAGES } from '@switchyard/domain';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS, ME, OTHER } from '../../../tests/harness/chain-walk.ts';
// @boundaries-ignore what tests of several packages share
import { waitFor } from '../../../tests/harness/wait-for.ts';
import type { Lease } from './store.ts';

let chain: ChainWalk;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterEach(async () => {
  await chain.close();
});

/** Takes every job out of every queue, as a Redis that lost its queues would. */
async function forgetJobs(): Promise<void> {
  const redis = new Redis(inject('redisUrl'));
  const keys = await redis.keys(`${chain.prefix}:bull:*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
}

describe('a deployment', () => {
  it('walks pin and the nine stages in their order and ends succeeded', async () => {
    const id = await chain.deploy();
    expect(await chain.get(id)).toMatchObject({ number: 1, status: 'queued', step: 'pin' });
    await chain.walk(id, null);
    const ended = await chain.get(id);
    expect(ended).toMatchObject({ status: 'succeeded', outcome: 'succeeded', step: null, waiting: null });
    expect(ended.stages.map(({ status }) => status)).toEqual(STAGES.map(() => 'succeeded'));
    const { events } = await chain.store.events.read(id, 0);
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ type: 'deployment.ended', data: { outcome: 'succeeded' } });
    expect((await chain.store.deployments.counts()).slots.farm).toBe(0);
  });

  it('that fails keeps what was live, is diagnosed, and is cleaned up', async () => {
    const first = await chain.deploy();
    await chain.walk(first, null);
    const route = await chain.store.routing.route(chain.app.environmentId);
    const second = await chain.deploy();
    await chain.walk(second, 'build');
    await chain.pass(second, 'build', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'exit 1', retryAfterMs: null });
    expect(await chain.get(second)).toMatchObject({
      status: 'running',
      outcome: 'failed',
      step: 'cleanup',
      diagnosis: DIAGNOSIS,
    });
    await chain.pass(second, 'cleanup');
    const ended = await chain.get(second);
    expect(ended.status).toBe('failed');
    expect(ended.stages.find(({ name }) => name === 'migrate')).toMatchObject({ status: 'skipped', attempts: [] });
    expect(await chain.store.routing.route(chain.app.environmentId)).toEqual(route);
  });
});

describe('a wake-up', () => {
  it('that comes double, early or late runs nothing twice', async () => {
    const id = await chain.deploy();
    expect(await chain.begin(id, 'source')).toEqual({ answer: 'not-next' });
    const lease = await chain.lease(id, 'pin');
    expect(await chain.begin(id, 'pin', OTHER)).toEqual({ answer: 'held' });
    await chain.store.chain.finish(lease, { kind: 'succeeded' });
    expect(await chain.begin(id, 'pin')).toEqual({ answer: 'done' });
    expect(await chain.begin('dep_unknown', 'pin')).toEqual({ answer: 'gone' });
  });

  it('is handed to whoever takes from the queue', async () => {
    const seen: string[] = [];
    let resolve: () => void = () => undefined;
    const ended = new Promise<void>((fulfil) => {
      resolve = fulfil;
    });
    const taking = await chain.store.queues.take({
      queues: ['light', 'heavy'],
      concurrency: 2,
      onError: (error) => seen.push(String(error)),
      work: async (wake) => {
        const answer = await chain.store.chain.begin(wake, { processId: ME });
        if (answer.answer !== 'run') return;
        seen.push(wake.step);
        if (wake.step === 'switch') await chain.moveRoute(answer.lease);
        await chain.store.chain.finish(answer.lease, { kind: 'succeeded' });
        if (wake.step === 'cleanup') resolve();
      },
    });
    await chain.deploy();
    await ended;
    await taking.close();
    expect(seen).toEqual(['pin', ...STAGES]);
  });
});

describe('a lease', () => {
  it('that ran out is taken over once, and its old holder can write nothing any more', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'build');
    const old = await chain.lease(id, 'build');
    chain.wait(LIMITS.leaseMs + 1);
    expect(await chain.store.chain.sweep(ME)).toMatchObject({ takenOver: 1 });
    const next = await chain.lease(id, 'build', OTHER);
    expect(next.token).toBeGreaterThan(old.token);
    expect(await chain.store.chain.beat(old)).toBe('lost');
    expect(await chain.store.chain.finish(old, { kind: 'succeeded' })).toBe('lease-lost');
    expect(
      await chain.store.events.appendLog(old, { stage: 'build', attempt: 1, firstLine: 1, lines: ['x'] }),
    ).toBeNull();
    expect(await chain.store.chain.finish(next, { kind: 'succeeded' })).toBe('finished');
    const build = (await chain.get(id)).stages.find(({ name }) => name === 'build');
    expect(build?.attempts.map(({ result }) => result)).toEqual(['lost', 'succeeded']);
  });

  it('kept alive by beats is not taken over', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'build');
    const lease = await chain.lease(id, 'build');
    chain.wait(LIMITS.leaseMs - 1);
    expect(await chain.store.chain.beat(lease)).toBe('kept');
    chain.wait(LIMITS.leaseMs - 1);
    expect(await chain.store.chain.sweep(ME)).toMatchObject({ takenOver: 0 });
    expect(await chain.begin(id, 'build', OTHER)).toEqual({ answer: 'held' });
  });

  it('lost too often in one stage fails the deployment as the platform’s fault', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'build');
    for (let lost = 0; lost <= LIMITS.maxLostWorkersPerStage; lost += 1) {
      await chain.lease(id, 'build');
      chain.wait(LIMITS.leaseMs + 1);
      await chain.store.chain.sweep(ME);
    }
    expect(await chain.get(id)).toMatchObject({
      outcome: 'failed',
      diagnosis: { cause: 'worker-lost', stage: 'build', fault: 'platform' },
    });
  });

  it('that is handed back is taken over at once and costs no attempt', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'install');
    await chain.pass(id, 'install', { kind: 'handed_back' });
    const again = await chain.begin(id, 'install', OTHER);
    expect(again).toMatchObject({ answer: 'run', attempt: 2, counted: 1 });
  });
});

describe('a retry', () => {
  it('waits for its time without a slot and runs again', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'install');
    await chain.pass(id, 'install', {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'registry 429',
      retryAfterMs: 1_000,
    });
    expect(await chain.get(id)).toMatchObject({ waiting: 'retry', status: 'running' });
    expect((await chain.store.deployments.counts()).slots.farm).toBe(0);
    expect(await chain.begin(id, 'install')).toEqual({ answer: 'waiting' });
    chain.wait(1_000);
    expect(await chain.begin(id, 'install')).toMatchObject({ answer: 'run', attempt: 2, counted: 2 });
  });

  it('whose wake-up was lost is woken by the sweep', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'install');
    await chain.pass(id, 'install', {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'registry 429',
      retryAfterMs: 1_000,
    });
    await forgetJobs();
    chain.wait(4_000);
    expect((await chain.store.chain.sweep(ME))?.handedOn).toBeGreaterThan(0);
    expect(await chain.store.chain.sweep(ME)).toMatchObject({ handedOn: 0, rewoken: 0 });
  });
});

describe('work that was admitted', () => {
  it('and whose job is lost is woken again', async () => {
    const id = await chain.deploy();
    await chain.pass(id, 'pin');
    await forgetJobs();
    expect((await chain.store.chain.sweep(ME))?.handedOn).toBeGreaterThan(0);
    expect(await chain.store.chain.sweep(ME)).toMatchObject({ handedOn: 0, rewoken: 0 });
  });

  it('and whose worker failed to ask for it is woken again', async () => {
    const failed = new Promise<void>((resolve) => {
      const work = (): Promise<void> => Promise.reject(new Error('Redis was away'));
      void chain.store.queues.take({ queues: ['light'], concurrency: 1, work, onError: () => resolve() });
    });
    const id = await chain.deploy();
    await failed;
    const handsOn = async (): Promise<boolean> => ((await chain.store.chain.sweep(ME))?.handedOn ?? 0) > 0;
    await waitFor('it is handed on again', handsOn, 10_000);
    expect(await chain.begin(id, 'pin')).toMatchObject({ answer: 'run' });
  });

  it('and whose job was taken by a worker that died before it began is woken again', async () => {
    const taken = new Promise<void>((resolve) => {
      const work = async (): Promise<void> => {
        resolve();
        await new Promise(() => undefined);
      };
      void chain.store.queues.take({ queues: ['light'], concurrency: 1, work, onError: () => undefined });
    });
    await chain.deploy();
    await taken;
    chain.wait(2 * LIMITS.sweepMs + 1);
    expect(await chain.store.chain.sweep(ME)).toMatchObject({ rewoken: 1 });
  });

  it('and whose job waits in its queue is left alone', async () => {
    const id = await chain.deploy();
    await chain.pass(id, 'pin');
    chain.wait(2 * LIMITS.sweepMs + 1);
    expect(await chain.store.chain.sweep(ME)).toMatchObject({ rewoken: 0 });
  });
});

describe('cancel', () => {
  it('ends a deployment that has not begun at once', async () => {
    const id = await chain.deploy();
    expect(await chain.store.chain.cancel(id)).toBe('cancelled');
    expect(await chain.get(id)).toMatchObject({ status: 'cancelled', step: null });
    expect(await chain.store.chain.cancel(id)).toBe('already-ended');
    expect(await chain.begin(id, 'pin')).toEqual({ answer: 'done' });
  });

  it('is `cancelling` until the running stage has ended, then cleans up', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'build');
    const lease = await chain.lease(id, 'build');
    expect(await chain.store.chain.cancel(id)).toBe('cancelling');
    expect(await chain.store.chain.beat(lease)).toBe('cancel');
    expect((await chain.get(id)).status).toBe('cancelling');
    await chain.store.chain.finish(lease, { kind: 'cancelled' });
    expect(await chain.get(id)).toMatchObject({ status: 'cancelling', outcome: 'cancelled', step: 'cleanup' });
    await chain.pass(id, 'cleanup');
    expect((await chain.get(id)).status).toBe('cancelled');
  });

  it('wins over a stage that succeeds at the same moment', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'build');
    const lease = await chain.lease(id, 'build');
    await chain.store.chain.cancel(id);
    await chain.store.chain.finish(lease, { kind: 'succeeded' });
    expect(await chain.get(id)).toMatchObject({ outcome: 'cancelled', step: 'cleanup' });
  });

  it('comes too late once the route has moved', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'switch');
    const lease = await chain.lease(id, 'switch');
    expect(await chain.moveRoute(lease)).toBe('moved');
    expect(await chain.store.chain.cancel(id)).toBe('already-switched');
    await chain.store.chain.finish(lease, { kind: 'succeeded' });
    await chain.pass(id, 'cleanup');
    expect((await chain.get(id)).status).toBe('succeeded');
  });

  it('that comes first keeps the route where it is', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'switch');
    const lease = await chain.lease(id, 'switch');
    await chain.store.chain.cancel(id);
    expect(await chain.moveRoute(lease)).toBe('cancelled');
    expect(await chain.store.routing.route(chain.app.environmentId)).toBeNull();
  });
});

describe('admission', () => {
  it('holds what is over an app’s slots and lets it in when one is given back', async () => {
    const ids: DeploymentId[] = [];
    const leases: Lease[] = [];
    for (let index = 0; index < LIMITS.slotsPerApp + 1; index += 1) {
      const id = await chain.deploy();
      ids.push(id);
      await chain.pass(id, 'pin');
      const answer = await chain.begin(id, 'source');
      if (answer.answer === 'run') leases.push(answer.lease);
    }
    const last = ids.at(-1) as DeploymentId;
    expect(leases).toHaveLength(LIMITS.slotsPerApp);
    expect((await chain.get(last)).waiting).toBe('slot');
    await chain.store.chain.finish(leases[0] as Lease, {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'no',
      retryAfterMs: null,
    });
    await chain.pass(ids[0] as DeploymentId, 'cleanup');
    expect((await chain.get(last)).waiting).toBeNull();
  });
});

describe('deleting an app', () => {
  it('frees its name, cancels what is unfinished, and forgets it when all has ended', async () => {
    const live = await chain.deploy();
    await chain.walk(live, null);
    const unfinished = await chain.deploy();
    await chain.walk(unfinished, 'build');
    await chain.store.apps.remove(chain.app.appId);
    expect(await chain.store.apps.find('hello')).toBeNull();
    expect(await chain.store.routing.table()).toMatchObject({ routes: [], endpoints: [] });
    expect(await chain.store.instances.ofEnvironment(chain.app.environmentId)).toEqual([]);
    await chain.newApp('hello');
    await chain.pass(unfinished, 'cleanup');
    expect(await chain.store.chain.sweep(ME)).toMatchObject({ purged: [live, unfinished] });
    expect(await chain.store.deployments.get(live)).toBeNull();
  });
});

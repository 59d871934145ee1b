import type { DeploymentId, OneOff } from '@switchyard/domain';
import { LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS, ME } from '../../../tests/harness/chain-walk.ts';

let chain: ChainWalk;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterEach(async () => {
  await chain.close();
});

/** Begins migrate and wants its one-off. */
async function beginMigration(id: DeploymentId) {
  await chain.walk(id, 'migrate');
  const lease = await chain.lease(id, 'migrate');
  const deployment = await chain.get(id);
  const oneOff: OneOff = {
    v: 1,
    id: `run_${deployment.number}aaaaaa`,
    farmId: deployment.farmId,
    epoch: 1,
    hostId: 'host_aaaaaa',
    teamId: deployment.teamId,
    appId: deployment.appId,
    environmentId: deployment.environmentId,
    deploymentId: id,
    snapshot: { key: 'build', placement: 'any' },
    command: 'migrate',
    runtime: { name: 'node', wanted: '24' },
    root: '.',
    persist: [],
    env: {},
    timeLimitMs: 1_000,
    limits: LIMITS.buildResources,
    state: 'wanted',
    exit: null,
    endRequestedAt: null,
    createdAt: deployment.createdAt,
    startedAt: null,
    endedAt: null,
  };
  await chain.store.oneOffs.desire(lease, oneOff);
  await chain.store.oneOffs.advance({ ...oneOff, state: 'running' });
  return { lease, oneOff };
}

describe('a deployment of an app that is being deleted', () => {
  it('ends cancelled although nobody got to cancel it', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'switch');
    const lease = await chain.lease(id, 'switch');
    await chain.store.apps.remove(chain.app.appId);
    await chain.store.chain.finish(lease, { kind: 'cancelled' });
    await chain.pass(id, 'cleanup');
    expect(await chain.get(id)).toMatchObject({ status: 'cancelled', step: null });
  });

  it('ends when its stage says cancelled without a request', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'build');
    await chain.pass(id, 'build', { kind: 'cancelled' });
    await chain.pass(id, 'cleanup');
    expect(await chain.get(id)).toMatchObject({ status: 'cancelled', step: null });
  });
});

describe('a migration that runs without a worker', () => {
  it('keeps the gate when it is cancelled, until its end is known', async () => {
    const first = await chain.deploy();
    const { lease } = await beginMigration(first);
    await chain.store.chain.finish(lease, { kind: 'handed_back' });
    expect(await chain.store.chain.cancel(first)).toBe('cancelling');
    expect((await chain.get(first)).outcome).toBeNull();
    const second = await chain.deploy();
    await chain.walk(second, 'migrate');
    expect(await chain.begin(second, 'migrate')).toEqual({ answer: 'waiting' });
    await chain.pass(first, 'migrate', { kind: 'cancelled' });
    expect(await chain.begin(second, 'migrate')).toMatchObject({ answer: 'run' });
  });

  it('is taken over for as long as it runs, however many workers are lost', async () => {
    const id = await chain.deploy();
    const { oneOff } = await beginMigration(id);
    for (let lost = 0; lost < LIMITS.maxLostWorkersPerStage + 3; lost += 1) {
      chain.wait(LIMITS.leaseMs + 1);
      await chain.store.chain.sweep(ME);
      await chain.lease(id, 'migrate');
    }
    expect((await chain.get(id)).outcome).toBeNull();
    await chain.store.oneOffs.advance({
      ...oneOff,
      state: 'exited',
      exit: { code: 0, signal: null, timedOut: false, memory: null },
    });
    chain.wait(LIMITS.leaseMs + 1);
    await chain.store.chain.sweep(ME);
    expect((await chain.get(id)).outcome).toBe('failed');
  });
});

describe('the cleanup of a cancelled deployment', () => {
  it('is tried again when it fails for a moment', async () => {
    const id = await chain.deploy();
    await chain.walk(id, 'build');
    const lease = await chain.lease(id, 'build');
    await chain.store.chain.cancel(id);
    await chain.store.chain.finish(lease, { kind: 'cancelled' });
    await chain.pass(id, 'cleanup', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: 500 });
    expect(await chain.get(id)).toMatchObject({ status: 'cancelling', step: 'cleanup', waiting: 'retry' });
    chain.wait(500);
    await chain.pass(id, 'cleanup');
    expect((await chain.get(id)).status).toBe('cancelled');
  });
});

describe('a hold on everything', () => {
  it('outlives a rollback: nothing migrates until a person has released it', async () => {
    const live = await chain.deploy();
    await chain.walk(live, null);
    const unknown = await chain.deploy();
    await chain.walk(unknown, 'migrate');
    await chain.pass(unknown, 'migrate', {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'lost',
      retryAfterMs: null,
      hold: 'unknown',
    });
    const waiting = await chain.deploy();
    await chain.walk(waiting, 'migrate');
    await chain.begin(waiting, 'migrate');
    const id = await chain.goBack('rollback', 1);
    await chain.walk(id, null);
    expect(await chain.store.apps.environment(chain.app.environmentId)).toMatchObject({
      hold: { scope: 'all' },
      gateHolder: null,
    });
    expect((await chain.get(waiting)).waiting).toBe('hold');
  });
});

describe('the gate', () => {
  it('is not given to a deployment that the route has overtaken', async () => {
    const live = await chain.deploy();
    await chain.walk(live, null);
    const inside = await chain.deploy();
    await chain.walk(inside, 'health');
    const waiting = await chain.deploy();
    await chain.walk(waiting, 'migrate');
    await chain.begin(waiting, 'migrate');
    const id = await chain.goBack('rollback', 1);
    await chain.walk(id, null);
    await chain.pass(inside, 'health', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null });
    expect(await chain.get(waiting)).toMatchObject({ outcome: 'superseded' });
  });
});

describe('a restart', () => {
  it('overtakes no deployment that is under way', async () => {
    const live = await chain.deploy();
    await chain.walk(live, null);
    const building = await chain.deploy();
    await chain.walk(building, 'build');
    const id = await chain.goBack('restart', 1);
    await chain.walk(id, 'switch');
    const lease = await chain.lease(id, 'switch');
    expect(await chain.moveRoute(lease)).toBe('moved');
    await chain.store.chain.finish(lease, { kind: 'succeeded' });
    await chain.walk(building, null);
    expect((await chain.get(building)).status).toBe('succeeded');
    expect(await chain.store.routing.route(chain.app.environmentId)).toMatchObject({
      owner: 2,
      weights: [{ deploymentId: building }],
    });
  });
});

describe('a rollback that waits for a worker', () => {
  it('is not superseded by a deployment', async () => {
    const live = await chain.deploy();
    await chain.walk(live, null);
    const id = await chain.goBack('rollback', 1);
    await chain.deploy();
    expect((await chain.get(id)).status).toBe('queued');
  });
});

describe('a commit that can’t be resolved because its workers die', () => {
  it('fails the deployment in the end', async () => {
    const id = await chain.deploy();
    for (let lost = 0; lost <= LIMITS.maxLostWorkersPerStage; lost += 1) {
      await chain.lease(id, 'pin');
      chain.wait(LIMITS.leaseMs + 1);
      await chain.store.chain.sweep(ME);
    }
    expect(await chain.get(id)).toMatchObject({
      status: 'failed',
      diagnosis: { cause: 'worker-lost', stage: 'source' },
    });
  });
});

describe('a router that is fenced', () => {
  it('goes on prolonging drains: what is in flight at it is not known', async () => {
    const router = {
      id: 'proc_router1',
      kind: 'router',
      hostId: 'host_aaaaaa',
      pid: 1,
      version: '0',
      metrics: null,
      startedAt: 0,
    } as const;
    const membership = await chain.store.processes.join(router);
    const instance = { id: 'ins_aaaaaa', environmentId: chain.app.environmentId } as const;
    await chain.store.routing.acknowledge(router.id, { routes: new Map(), inFlight: new Map([[instance.id, 3]]) });
    expect(await chain.store.routing.inFlight(instance)).toEqual({ count: 3, unsure: false });
    await chain.store.routing.fence(router.id);
    expect(await chain.store.routing.inFlight(instance)).toMatchObject({ unsure: true });
    expect(await chain.store.routing.acknowledgement(instance.environmentId, 'route_aaaaaa')).toEqual({
      alive: 0,
      pending: [],
    });
    await membership.leave();
  });
});

import { type DeploymentId, LIMITS, type OneOff } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS, ME } from '../../../tests/harness/chain-walk.ts';
import type { Lease } from './store.ts';

let chain: ChainWalk;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterEach(async () => {
  await chain.close();
});

async function eventsOf(id: DeploymentId): Promise<string[]> {
  return (await chain.store.events.read(id, 0)).events.map(({ type }) => type);
}

async function atMigrate(): Promise<{ id: DeploymentId; lease: Lease }> {
  const id = await chain.deploy();
  await chain.walk(id, 'migrate');
  return { id, lease: await chain.lease(id, 'migrate') };
}

async function migrates(lease: Lease, state: OneOff['state'] = 'running'): Promise<OneOff> {
  const oneOff = await chain.desireOneOff(lease);
  if (state !== 'wanted') await chain.store.oneOffs.advance({ ...oneOff, state });
  return oneOff;
}

describe('cancelling', () => {
  it.each<[string, () => Promise<DeploymentId>]>([
    [
      'the gate',
      async () => {
        await chain.walk(await chain.deploy(), 'package');
        const id = await chain.deploy();
        await chain.walk(id, 'migrate');
        await chain.begin(id, 'migrate');
        return id;
      },
    ],
    [
      'another try',
      async () => {
        const id = await chain.deploy();
        await chain.walk(id, 'install');
        await chain.pass(id, 'install', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: 60_000 });
        return id;
      },
    ],
    [
      'a worker',
      async () => {
        const id = await chain.deploy();
        await chain.walk(id, 'build');
        return id;
      },
    ],
  ])('one that waits for %s decides it at once, and nothing of it runs any more', async (_, wait) => {
    const id = await wait();
    expect(await chain.store.chain.cancel(id)).toBe('cancelling');
    expect(await chain.get(id)).toMatchObject({ status: 'cancelling', outcome: 'cancelled', step: 'cleanup' });
    await chain.pass(id, 'cleanup');
    expect(await chain.get(id)).toMatchObject({ status: 'cancelled', waiting: null });
  });

  it('one that waits for a slot ends it at once', async () => {
    for (let taken = 0; taken < LIMITS.slotsPerApp; taken += 1) {
      const id = await chain.deploy();
      await chain.pass(id, 'pin');
      await chain.lease(id, 'source');
    }
    const id = await chain.deploy();
    await chain.pass(id, 'pin');
    expect(await chain.get(id)).toMatchObject({ waiting: 'slot' });
    expect(await chain.store.chain.cancel(id)).toBe('cancelled');
    expect(await chain.get(id)).toMatchObject({ status: 'cancelled', waiting: null });
  });

  it('one that waits at a held environment decides it at once, and the hold stays', async () => {
    const { lease } = await atMigrate();
    await chain.store.chain.finish(lease, {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'lost',
      retryAfterMs: null,
      hold: 'unknown',
    });
    const id = await chain.deploy();
    await chain.walk(id, 'migrate');
    await chain.begin(id, 'migrate');
    expect(await chain.get(id)).toMatchObject({ waiting: 'hold' });
    await chain.store.chain.cancel(id);
    expect(await chain.get(id)).toMatchObject({ outcome: 'cancelled' });
    expect(await chain.store.apps.environment(chain.app.environmentId)).toMatchObject({ hold: { scope: 'all' } });
  });
});

describe('ending a migration by force', () => {
  it('is refused while no migration runs, and nothing is done', async () => {
    const building = await chain.deploy();
    await chain.walk(building, 'build');
    await chain.lease(building, 'build');
    expect(await chain.store.chain.cancel(building, { force: true })).toBe('no-migration');
    expect(await chain.get(building)).toMatchObject({ status: 'running', cancelRequestedAt: null });
  });

  it('is refused once the migration has ended by itself', async () => {
    const { id, lease } = await atMigrate();
    const oneOff = await migrates(lease);
    await chain.store.oneOffs.advance({ ...oneOff, state: 'exited' });
    expect(await chain.store.chain.cancel(id, { force: true })).toBe('no-migration');
  });

  it('is written where the runner sees it, however often the runner writes its own, and is said once', async () => {
    const { id, lease } = await atMigrate();
    const oneOff = await migrates(lease, 'wanted');
    expect(await chain.store.chain.cancel(id)).toBe('cancelling');
    expect(await chain.store.chain.cancel(id, { force: true })).toBe('cancelling');
    expect(await chain.store.chain.cancel(id, { force: true })).toBe('cancelling');
    await chain.store.oneOffs.advance({ ...oneOff, state: 'running' });
    expect(await chain.store.oneOffs.get(oneOff.id)).toMatchObject({
      state: 'running',
      endRequestedAt: expect.any(Number),
    });
    expect((await chain.get(id)).cancelForcedAt).not.toBeNull();
    expect((await eventsOf(id)).filter((type) => type === 'deployment.cancelling')).toHaveLength(2);
  });

  it('cancels the deployment, holds its environment and keeps the explanation', async () => {
    const { id, lease } = await atMigrate();
    await migrates(lease);
    await chain.store.chain.cancel(id, { force: true });
    const waiting = await chain.deploy();
    await chain.store.chain.finish(lease, {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'ended by force',
      retryAfterMs: null,
      hold: 'ended by force',
    });
    expect(await chain.get(id)).toMatchObject({ outcome: 'cancelled', diagnosis: { title: DIAGNOSIS.title } });
    await chain.walk(waiting, 'migrate');
    await chain.begin(waiting, 'migrate');
    expect(await chain.get(waiting)).toMatchObject({ waiting: 'hold' });
    await chain.store.chain.releaseHold(chain.app.environmentId);
    await chain.walk(waiting, null);
    expect(await chain.get(waiting)).toMatchObject({ status: 'succeeded' });
  });

  it('reaches the migration of a dead worker, and its successor decides', async () => {
    const { id, lease } = await atMigrate();
    const oneOff = await migrates(lease);
    chain.wait(LIMITS.leaseMs + 1);
    await chain.store.chain.sweep(ME);
    expect(await chain.store.chain.cancel(id, { force: true })).toBe('cancelling');
    expect(await chain.get(id)).toMatchObject({ status: 'cancelling', outcome: null });
    expect((await chain.store.oneOffs.get(oneOff.id))?.endRequestedAt).not.toBeNull();
    await chain.pass(id, 'migrate', { kind: 'cancelled' });
    expect(await chain.get(id)).toMatchObject({ outcome: 'cancelled' });
  });
});

it('a migration that ran out of its time holds the environment too', async () => {
  const { id, lease } = await atMigrate();
  await chain.store.chain.finish(lease, { kind: 'timed_out', diagnosis: DIAGNOSIS, limitMs: 1, hold: 'out of time' });
  expect(await chain.get(id)).toMatchObject({ outcome: 'timed_out' });
  expect(await chain.store.apps.environment(chain.app.environmentId)).toMatchObject({
    gateHolder: null,
    hold: { scope: 'all', reason: 'out of time' },
  });
});

import { type DeploymentId, LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS, ME, OTHER, type WalkedApp } from '../../../tests/harness/chain-walk.ts';
import type { Lease } from './store.ts';

const SHARED = 'shared';

let chain: ChainWalk;
let apps = 0;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterEach(async () => {
  await chain.close();
});

interface Migrating {
  readonly id: DeploymentId;
  readonly app: WalkedApp;
  readonly name: string;
  readonly lease: Lease;
}

/** A deployment of an app of its own, through its gate. */
async function atMigrate(teamId: `team_${string}` = 'team_default'): Promise<Migrating> {
  apps += 1;
  const name = `app${apps}`;
  const app = await chain.newApp(name, teamId);
  const id = await chain.deploy(app);
  await chain.walk(id, 'migrate');
  return { id, app, name, lease: await chain.lease(id, 'migrate') };
}

const lock = (one: Pick<Migrating, 'lease'>, ...names: string[]) =>
  chain.store.databases.lock(one.lease, names.length === 0 ? [SHARED] : names);

const awaits = (one: Migrating) =>
  chain.store.chain.finish(one.lease, { kind: 'awaits_database', note: 'Waits for another.' });

const begins = async (id: DeploymentId) => (await chain.begin(id, 'migrate', OTHER)).answer;

/** Asks, is told that another one comes first, and waits. */
async function waits(names: string[] = [SHARED], teamId?: `team_${string}`): Promise<Migrating> {
  const one = await atMigrate(teamId);
  expect(await lock(one, ...names)).toMatchObject({ answer: expect.stringMatching(/line|hold/) });
  expect(await awaits(one)).toBe('finished');
  expect(await chain.get(one.id)).toMatchObject({ waiting: 'database' });
  return one;
}

async function again(one: Migrating): Promise<Migrating> {
  return { ...one, lease: await chain.lease(one.id, 'migrate', OTHER) };
}

const FAILED = { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null } as const;

async function holds(): Promise<Migrating> {
  const one = await atMigrate();
  await lock(one);
  await chain.store.chain.finish(one.lease, { ...FAILED, hold: 'nobody knows' });
  return one;
}

describe('a database', () => {
  it('is one deployment’s at a time; who waits holds no slot and costs no attempt, and says whom it waits for', async () => {
    const first = await atMigrate();
    expect(await lock(first)).toEqual({ answer: 'ours' });
    expect(await lock(first)).toEqual({ answer: 'ours' });
    const second = await atMigrate();
    expect(await lock(second)).toEqual({ answer: 'line', of: { app: first.name, number: 1 } });
    await awaits(second);
    expect(await chain.store.deployments.counts()).toMatchObject({ waiting: { database: 1 }, slots: { farm: 1 } });
    expect(await begins(second.id)).toBe('waiting');
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    expect(await chain.begin(second.id, 'migrate')).toMatchObject({ answer: 'run', attempt: 2, counted: 1 });
    const { events } = await chain.store.events.read(second.id, 0);
    expect(events.filter(({ type }) => type === 'stage.waiting')).toMatchObject([{ data: { waitsFor: null } }]);
  });

  it('is another one’s business where the names differ', async () => {
    await lock(await atMigrate(), 'one');
    expect(await lock(await atMigrate(), 'two')).toEqual({ answer: 'ours' });
  });

  it('of another team’s deployment is not said whose', async () => {
    await lock(await atMigrate());
    expect(await lock(await atMigrate(await chain.newTeam('others')))).toEqual({ answer: 'line', of: null });
  });

  it('is refused to an attempt that has lost its lease', async () => {
    const one = await atMigrate();
    chain.wait(LIMITS.leaseMs + 1);
    await chain.lease(one.id, 'migrate', OTHER);
    expect(await lock(one)).toEqual({ answer: 'lease-lost' });
  });

  it('stays its migration’s while its worker is dead, and its successor’s', async () => {
    const first = await atMigrate();
    await lock(first);
    await chain.desireOneOff(first.lease);
    const second = await waits();
    for (let sweeps = 0; sweeps < 3; sweeps += 1) {
      chain.wait(LIMITS.leaseMs + 1);
      await chain.store.chain.sweep(ME);
    }
    expect(await begins(second.id)).toBe('waiting');
    const successor = await again(first);
    expect(await lock(successor)).toEqual({ answer: 'ours' });
    // The variables have changed since: what runs still runs on what it was started with.
    expect(await lock(successor, 'another')).toEqual({ answer: 'ours' });
    await chain.store.chain.finish(successor.lease, { kind: 'succeeded' });
    expect(await begins(second.id)).toBe('run');
  });

  it('stays with one that is handed back', async () => {
    const first = await atMigrate();
    await lock(first);
    const second = await waits();
    await chain.store.chain.finish(first.lease, { kind: 'handed_back' });
    expect(await begins(second.id)).toBe('waiting');
  });

  it.each([
    ['has failed', FAILED],
    ['was cancelled', { kind: 'cancelled' }],
    ['ran out of time', { kind: 'timed_out', diagnosis: DIAGNOSIS, limitMs: 1 }],
    ['had nothing to do', { kind: 'skipped', note: 'no' }],
  ] as const)('is free again when the migration %s', async (_, result) => {
    const first = await atMigrate();
    await lock(first);
    const second = await waits();
    await chain.store.chain.finish(first.lease, result);
    expect(await lock(await again(second))).toEqual({ answer: 'ours' });
  });

  it('is free when it was left while another one made up its mind', async () => {
    const [first, second] = [await atMigrate(), await atMigrate()];
    await lock(first);
    await lock(second);
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    await awaits(second);
    expect(await begins(second.id)).toBe('run');
  });

  it('is given in the order of asking, also to those who want several, and nobody waits in a circle', async () => {
    const first = await atMigrate();
    await lock(first, 'a');
    const both = await waits(['b', 'a']);
    const late = await waits(['b']);
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    expect(await begins(late.id)).toBe('waiting');
    const second = await again(both);
    expect(await lock(second, 'a', 'b')).toEqual({ answer: 'ours' });
    await chain.store.chain.finish(second.lease, { kind: 'succeeded' });
    expect(await lock(await again(late), 'b')).toEqual({ answer: 'ours' });
  });

  it('is not waited for by one that was cancelled, and the next in line comes', async () => {
    const first = await atMigrate();
    await lock(first);
    const [second, third] = [await waits(), await waits()];
    await chain.store.chain.cancel(second.id);
    expect(await chain.get(second.id)).toMatchObject({ outcome: 'cancelled', step: 'cleanup' });
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    expect(await lock(await again(third))).toEqual({ answer: 'ours' });
  });

  it('is given to who waits when the app that migrates is deleted', async () => {
    const first = await atMigrate();
    await lock(first);
    const second = await waits();
    await chain.store.apps.remove(first.app.appId);
    await chain.store.chain.finish(first.lease, { kind: 'cancelled' });
    expect(await begins(second.id)).toBe('run');
  });
});

describe('a migration of which nobody knows how far it came', () => {
  it('keeps everybody off its database until its environment is released', async () => {
    const first = await holds();
    const second = await atMigrate();
    expect(await lock(second)).toEqual({ answer: 'hold', of: { app: first.name, number: 1 } });
    await awaits(second);
    const third = await waits();
    chain.wait(LIMITS.sweepMs * 4);
    await chain.store.chain.sweep(ME);
    expect(await begins(second.id)).toBe('waiting');
    await chain.store.chain.releaseHold(first.app.environmentId);
    expect(await lock(await again(second))).toEqual({ answer: 'ours' });
    expect(await lock(await again(third))).toEqual({ answer: 'line', of: { app: second.name, number: 1 } });
  });

  it('is told to those who waited for it already', async () => {
    const first = await atMigrate();
    await lock(first);
    const second = await waits();
    await chain.store.chain.finish(first.lease, { ...FAILED, hold: 'nobody knows' });
    const woken = await again(second);
    expect(await lock(woken)).toEqual({ answer: 'hold', of: { app: first.name, number: 1 } });
    await awaits(woken);
    await chain.store.chain.releaseHold(first.app.environmentId);
    expect(await begins(second.id)).toBe('run');
  });

  it('lets an environment go on that a person releases, and holds its own still', async () => {
    const first = await holds();
    const second = await waits([SHARED], await chain.newTeam('others'));
    await chain.store.chain.releaseHold(second.app.environmentId);
    expect(await lock(await again(second))).toEqual({ answer: 'ours' });
    expect(await chain.store.apps.environment(first.app.environmentId)).toMatchObject({ hold: { scope: 'all' } });
  });

  it('leaves other databases alone', async () => {
    await holds();
    expect(await lock(await atMigrate(), 'other')).toEqual({ answer: 'ours' });
  });

  it('keeps nobody waiting once its app is deleted', async () => {
    const first = await holds();
    const second = await waits();
    await chain.store.apps.remove(first.app.appId);
    await chain.store.chain.sweep(ME);
    expect(await begins(second.id)).toBe('run');
  });

  it('is held too where workers were lost again and again after it', async () => {
    const one = await atMigrate();
    await lock(one);
    const oneOff = await chain.desireOneOff(one.lease);
    await chain.store.oneOffs.advance({ ...oneOff, state: 'unknown' });
    for (let lost = 0; lost <= LIMITS.maxLostWorkersPerStage; lost += 1) {
      if (lost > 0) await chain.lease(one.id, 'migrate');
      chain.wait(LIMITS.leaseMs + 1);
      await chain.store.chain.sweep(ME);
    }
    expect(await chain.get(one.id)).toMatchObject({ outcome: 'failed' });
    expect(await chain.store.apps.environment(one.app.environmentId)).toMatchObject({ hold: { scope: 'all' } });
    expect(await lock(await atMigrate())).toMatchObject({ answer: 'hold' });
  });
});

import { type DeploymentId, LIMITS, type Release, type TeamId } from '@switchyard/domain';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS, ME, type WalkedApp } from '../../../tests/harness/chain-walk.ts';
// @boundaries-ignore as above
import { waitFor } from '../../../tests/harness/wait-for.ts';

let chain: ChainWalk;
let redis: Redis;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
  redis = new Redis(inject('redisUrl'));
});

afterEach(async () => {
  redis.disconnect();
  await chain.close();
});

const FAILED = { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null } as const;

/** What nobody supersedes and no gate holds up, in any number per app. */
async function rollBack(app: WalkedApp, release: Release): Promise<DeploymentId> {
  const what = { kind: 'rollback', release } as const;
  return (await chain.store.chain.accept({ ...app, trigger: 'rollback', what })).id;
}

async function releaseOf(app: WalkedApp): Promise<Release> {
  await chain.walk(await chain.deploy(app), null);
  const [release] = await chain.store.releases.list(app.environmentId);
  if (release === undefined) throw new Error('no release was kept');
  return release;
}

const waitingOf = async (id: DeploymentId): Promise<string | null> => (await chain.get(id)).waiting;
const isAdmitted = async (id: DeploymentId): Promise<boolean> => (await waitingOf(id)) === null;
const admittedOf = async (ids: readonly DeploymentId[]): Promise<number> =>
  (await Promise.all(ids.map(isAdmitted))).filter(Boolean).length;

describe('two teams', () => {
  /** Takes wake-ups off the queue one by one, as a worker would, and notes whose they are. */
  async function work(isEnough: (admissions: readonly TeamId[]) => boolean): Promise<TeamId[]> {
    const admissions: TeamId[] = [];
    const errors: unknown[] = [];
    const taking = await chain.store.queues.take({
      queues: ['light', 'heavy'],
      concurrency: 1,
      async work({ deploymentId, step }) {
        const answer = await chain.begin(deploymentId, step);
        // Wake-ups of what was walked by hand are left in the queue.
        if (answer.answer === 'done') return;
        if (answer.answer !== 'run') throw new Error(`${step} was ${answer.answer}`);
        admissions.push(answer.deployment.teamId);
        await chain.store.chain.finish(answer.lease, step === 'cleanup' ? { kind: 'succeeded' } : FAILED);
      },
      onError: (error) => errors.push(error),
    });
    try {
      await waitFor('enough was admitted', async () => isEnough(admissions) || errors.length > 0, 60_000);
    } finally {
      await taking.close();
    }
    expect(errors).toEqual([]);
    return admissions;
  }

  it('of which one has 500 waiting deployments get slots in turns', async () => {
    const many = await chain.newTeam('many');
    const few = await chain.newTeam('few');
    const crowd: { app: WalkedApp; release: Release }[] = [];
    for (let index = 0; index < 10; index += 1) {
      const app = await chain.newApp(`many-${index}`, many);
      crowd.push({ app, release: await releaseOf(app) });
    }
    const app = await chain.newApp('few', few);
    const release = await releaseOf(app);
    await chain.store.limits.setOfFarm({ slots: 4 });
    for (const { app: one, release: its } of crowd)
      await Promise.all(Array.from({ length: LIMITS.maxUnfinishedPerApp }, () => rollBack(one, its)));
    expect((await chain.store.deployments.counts()).waiting.slot).toBe(496);
    const ofFew: DeploymentId[] = [];
    while (ofFew.length < 20) ofFew.push(await rollBack(app, release));

    // Each is admitted for health and for cleanup.
    const admissions = await work((so) => so.filter((team) => team === few).length === ofFew.length * 2);

    const turns = admissions.flatMap((team, index) => (team === few ? [index] : []));
    const apart = turns.slice(1).map((index, before) => index - (turns[before] ?? 0));
    expect(apart).toHaveLength(ofFew.length * 2 - 1);
    expect(Math.max(...apart)).toBeLessThanOrEqual(2);
    // What had slots already goes first, then one of each in turn, however many the other has.
    expect(turns[0]).toBeLessThanOrEqual(6);
    expect(admissions.filter((team) => team === many).length).toBeLessThan(60);
    expect((await chain.store.deployments.counts()).waiting.slot).toBeGreaterThan(400);
  });

  it('do not wait behind each other’s pins', async () => {
    const many = await chain.newTeam('many');
    const few = await chain.newTeam('few');
    const ids: DeploymentId[] = [];
    for (let index = 0; index < LIMITS.pinSlots.team + 3; index += 1)
      ids.push(await chain.deploy(await chain.newApp(`many-${index}`, many)));
    expect(await admittedOf(ids)).toBe(LIMITS.pinSlots.team);
    expect(await isAdmitted(await chain.deploy(await chain.newApp('few', few)))).toBe(true);
    await chain.pass(ids[0] as DeploymentId, 'pin');
    expect(await admittedOf(ids)).toBe(LIMITS.pinSlots.team + 1);
  });

  it('leave each other room for deployments that have not ended', async () => {
    const team = await chain.newTeam('many');
    await chain.store.limits.setOfTeam(team, { unfinished: 1 });
    await chain.deploy(await chain.newApp('many-1', team));
    const another = await chain.newApp('many-2', team);
    await expect(chain.deploy(another)).rejects.toMatchObject({
      code: 'too-many-deployments',
      message: expect.stringContaining('1 deployments of many-2’s team'),
    });
    expect((await chain.get(await chain.deploy())).status).toBe('queued');
  });
});

describe('within a team', () => {
  it('a later stage goes before an earlier one, production before a preview, and what was accepted first before the rest', async () => {
    await chain.store.limits.setOfFarm({ slots: 1 });
    const blocking = await chain.deploy();
    await chain.pass(blocking, 'pin');
    const [preview, first, second] = [
      await chain.newApp('preview'),
      await chain.newApp('first'),
      await chain.newApp('second'),
    ];
    const key = `${chain.prefix}:env:${preview.environmentId}`;
    const document = await redis.hget(key, 'doc');
    await redis.hset(key, 'doc', (document ?? '').replace('"name":"production"', '"name":"pr-1"'));
    const ids = [await chain.deploy(preview), await chain.deploy(first), await chain.deploy(second)] as const;
    for (const id of ids) await chain.pass(id, 'pin');
    // The one that has the slot comes back for its cleanup, and is first again.
    await chain.pass(blocking, 'source', FAILED);
    expect(await Promise.all(ids.map(waitingOf))).toEqual(['slot', 'slot', 'slot']);
    await chain.pass(blocking, 'cleanup');
    expect(await Promise.all(ids.map(waitingOf))).toEqual(['slot', null, 'slot']);
    for (const step of ['source', 'cleanup'] as const)
      await chain.pass(ids[1], step, step === 'source' ? FAILED : { kind: 'succeeded' });
    expect(await Promise.all(ids.map(waitingOf))).toEqual(['slot', null, null]);
    for (const step of ['source', 'cleanup'] as const)
      await chain.pass(ids[2], step, step === 'source' ? FAILED : { kind: 'succeeded' });
    expect(await waitingOf(ids[0])).toBeNull();
  });

  it('an app whose slots are taken does not keep the others waiting', async () => {
    const [busy, idle] = [chain.app, await chain.newApp('idle')];
    await chain.store.limits.setOfApp(busy.appId, { slots: 1 });
    const release = await releaseOf(busy);
    const ids = [await rollBack(busy, release), await rollBack(busy, release)];
    expect(await admittedOf(ids)).toBe(1);
    const other = await chain.deploy(idle);
    await chain.pass(other, 'pin');
    expect(await isAdmitted(other)).toBe(true);
  });
});

describe('a limit', () => {
  const someRollbacks = async (count: number): Promise<DeploymentId[]> => {
    const release = await releaseOf(chain.app);
    return await Promise.all(Array.from({ length: count }, () => rollBack(chain.app, release)));
  };

  it('that is raised admits at once, whether it is the app’s, its team’s, the farm’s or a default', async () => {
    const { limits } = chain.store;
    await chain.store.teams.list();
    await limits.setOfFarm({ slots: 4, slotsPerTeam: 3, slotsPerApp: 2 });
    await limits.setOfApp(chain.app.appId, { slots: 1 });
    const ids = await someRollbacks(8);
    expect(await admittedOf(ids)).toBe(1);
    await limits.setOfApp(chain.app.appId, { slots: null });
    expect(await admittedOf(ids)).toBe(2);
    await limits.setOfFarm({ slotsPerApp: 8 });
    expect(await admittedOf(ids)).toBe(3);
    await limits.setOfTeam('team_default', { slots: 8 });
    expect(await admittedOf(ids)).toBe(4);
    await limits.setOfFarm({ slots: null });
    expect(await admittedOf(ids)).toBe(8);
  });

  it('that is lowered ends nothing, and admits nothing before there is room', async () => {
    const ids = await someRollbacks(6);
    expect(await admittedOf(ids)).toBe(4);
    const leases = await Promise.all(ids.slice(0, 4).map((id) => chain.lease(id, 'health')));
    await chain.store.limits.setOfApp(chain.app.appId, { slots: 2 });
    const slotsAfter: number[] = [];
    for (const lease of leases) {
      expect(await chain.store.chain.beat(lease)).toBe('kept');
      expect(await chain.store.chain.finish(lease, FAILED)).toBe('finished');
      slotsAfter.push((await chain.store.deployments.counts()).slots.farm);
    }
    expect(slotsAfter).toEqual([3, 2, 2, 2]);
  });

  it('of unfinished deployments is the app’s own, where it has one', async () => {
    await chain.store.limits.setOfApp(chain.app.appId, { unfinished: 2 });
    const release = await releaseOf(chain.app);
    await rollBack(chain.app, release);
    await rollBack(chain.app, release);
    await expect(rollBack(chain.app, release)).rejects.toMatchObject({ code: 'too-many-deployments' });
    await chain.store.limits.setOfApp(chain.app.appId, { unfinished: null });
    expect((await chain.get(await rollBack(chain.app, release))).status).toBe('queued');
  });
});

it('what an earlier version left waiting in its team’s queue is found by the sweep', async () => {
  const [blocking, waiting] = [chain.app, await chain.newApp('waiting')];
  await chain.store.limits.setOfFarm({ slots: 1 });
  const first = await chain.deploy(blocking);
  await chain.pass(first, 'pin');
  const second = await chain.deploy(waiting);
  await chain.pass(second, 'pin');
  expect(await waitingOf(second)).toBe('slot');
  const base = `${chain.prefix}:`;
  await redis.del(`${base}waiting-of-app:${waiting.appId}`, `${base}heads:team_default`, `${base}turns`);
  await chain.store.chain.cancel(first);
  expect(await waitingOf(second)).toBe('slot');
  await chain.store.chain.sweep(ME);
  expect(await waitingOf(second)).toBeNull();
});

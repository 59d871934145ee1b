import { type DeploymentId, LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { ChainWalk, DIAGNOSIS } from '../../../tests/harness/chain-walk.ts';

const DAY_MS = 86_400_000;

let walk: ChainWalk;

beforeEach(async () => {
  walk = await ChainWalk.open(inject('redisUrl'));
  await walk.store.settings.replace(walk.app.appId, 0, { retention: { deployments: 2, days: 1 } });
});

afterEach(async () => {
  await walk.close();
});

/** A deployment that has failed in its build: it never came to a release. */
async function failed(): Promise<DeploymentId> {
  const id = await walk.deploy();
  await walk.walk(id, 'build');
  await walk.pass(id, 'build', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null });
  await walk.walk(id, null);
  return id;
}

async function succeeded(): Promise<DeploymentId> {
  const id = await walk.deploy();
  await walk.walk(id, null);
  return id;
}

const past = () => walk.store.deployments.pastRetention();

describe('deployments past retention', () => {
  it('are those that are neither among the newest nor young, and are forgotten with everything', async () => {
    const [first, second, third] = [await failed(), await failed(), await failed()];
    expect(await past()).toEqual([]);
    walk.wait(DAY_MS);
    expect(await past()).toEqual([first]);
    await walk.store.deployments.forget(first);
    expect(await walk.store.deployments.get(first)).toBeNull();
    expect(await walk.store.events.read(first, 0)).toMatchObject({ events: [] });
    const page = { before: null, limit: 10 };
    const left = [third, second];
    expect((await walk.store.deployments.listOfApp(walk.app.appId, page)).map(({ id }) => id)).toEqual(left);
    expect((await walk.store.deployments.listRecent(10)).map(({ id }) => id).sort()).toEqual([...left].sort());
    expect(await past()).toEqual([]);
  });

  it('are never what is live, runs, is under way, or made a release that is kept', async () => {
    const earlier = await succeeded();
    const live = await succeeded();
    const waiting = await walk.deploy();
    await walk.walk(waiting, 'build');
    const [gone] = [await failed(), await failed(), await failed()];
    walk.wait(DAY_MS * 400);
    expect(await past()).toEqual([gone]);
    // What was live before is replaced, and its release let go: now nothing speaks for it.
    await walk.store.instances.withdraw(['ins_1aaaaaa']);
    expect(await past()).toEqual([gone]);
    await walk.store.releases.remove('rel_1aaaaaa');
    expect(await past()).toEqual([earlier, gone]);
    await walk.store.releases.remove('rel_2aaaaaa');
    await walk.store.instances.withdraw(['ins_2aaaaaa']);
    expect(await past()).not.toContain(live);
  });

  it('go a few at a time', async () => {
    for (let count = 0; count < LIMITS.maxSweepRemovals + 4; count += 1) await failed();
    walk.wait(DAY_MS);
    expect(await past()).toHaveLength(LIMITS.maxSweepRemovals);
  });
});

describe('a pinned release', () => {
  it('is not removed until it is unpinned', async () => {
    await succeeded();
    await walk.store.releases.pin('rel_1aaaaaa', true);
    expect(await walk.store.releases.get('rel_1aaaaaa')).toMatchObject({ pinned: true });
    expect(await walk.store.releases.remove('rel_1aaaaaa')).toBe(false);
    await walk.store.releases.pin('rel_1aaaaaa', false);
    expect(await walk.store.releases.remove('rel_1aaaaaa')).toBe(true);
    await expect(walk.store.releases.pin('rel_1aaaaaa', true)).rejects.toMatchObject({ code: 'release-not-kept' });
  });

  it('is one of few', async () => {
    for (let number = 1; number <= LIMITS.maxPinnedReleases + 1; number += 1) await succeeded();
    for (let number = 1; number <= LIMITS.maxPinnedReleases; number += 1)
      await walk.store.releases.pin(`rel_${number}aaaaaa`, true);
    await walk.store.releases.pin('rel_1aaaaaa', true);
    await expect(walk.store.releases.pin(`rel_${LIMITS.maxPinnedReleases + 1}aaaaaa`, true)).rejects.toMatchObject({
      code: 'too-many-pins',
    });
  });
});

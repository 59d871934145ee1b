import type { DeploymentId } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS } from '../../../tests/harness/chain-walk.ts';

let chain: ChainWalk;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});
afterEach(() => chain.close());

const FAILED = { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null } as const;

describe('what is known of a wait', () => {
  it('is nothing while a deployment does not wait', async () => {
    const id = await chain.deploy();
    expect(await chain.store.deployments.wait(id)).toBeNull();
    await chain.walk(id, null);
    expect(await chain.store.deployments.wait(id)).toBeNull();
    expect(await chain.store.deployments.wait('dep_nothing')).toBeNull();
  });

  it('for a slot: its place in the rows of app and team, other teams’ turns, how long stages took', async () => {
    const { limits, deployments } = chain.store;
    const others = await chain.newTeam('others');
    const [mine, next, theirs] = [
      await chain.newApp('mine'),
      await chain.newApp('next'),
      await chain.newApp('theirs', others),
    ];
    const ended = await chain.deploy(mine);
    for (const step of ['pin', 'source'] as const) {
      const lease = await chain.lease(ended, step);
      chain.wait(3_000);
      await chain.store.chain.finish(lease, step === 'pin' ? { kind: 'succeeded' } : FAILED);
    }
    await chain.pass(ended, 'cleanup');
    await limits.setOfFarm({ slots: 1 });
    const running = await chain.deploy(chain.app);
    await chain.pass(running, 'pin');
    const ids: DeploymentId[] = [];
    for (const app of [mine, theirs, next]) {
      chain.wait(10);
      const id = await chain.deploy(app);
      await chain.pass(id, 'pin');
      ids.push(id);
    }
    const [first, ofOthers, second] = ids as [DeploymentId, DeploymentId, DeploymentId];
    const since = (await chain.get(running)).createdAt;
    expect(await deployments.wait(second)).toEqual({
      reason: 'slot',
      since: since + 30,
      use: {
        farm: { taken: 1, limit: 1 },
        team: { taken: 1, limit: 32 },
        app: { taken: 0, limit: 4 },
      },
      inApp: { ahead: 0, of: 1 },
      inTeam: { ahead: 1, of: 2 },
      otherTeams: [{ waiting: 1, isFirst: false }],
      durationsMs: { app: [], farm: [3_000, 0] },
    });
    expect(await deployments.wait(first)).toMatchObject({
      inTeam: { ahead: 0, of: 2 },
      durationsMs: { app: [3_000, 0] },
    });
    expect(await deployments.wait(ofOthers)).toMatchObject({
      inTeam: { ahead: 0, of: 1 },
      otherTeams: [{ waiting: 2, isFirst: true }],
    });
  });

  it('for the gate: which deployment is in it since when, and how long others were', async () => {
    const before = await chain.deploy();
    await chain.walk(before, 'switch');
    chain.wait(9_000);
    await chain.walk(before, null);
    const first = await chain.deploy();
    await chain.walk(first, 'migrate');
    chain.wait(500);
    const since = (await chain.get(first)).createdAt + 500;
    await chain.walk(first, 'package');
    chain.wait(2_000);
    const second = await chain.deploy();
    await chain.walk(second, 'migrate');
    await chain.begin(second, 'migrate');
    expect(await chain.store.deployments.wait(second)).toEqual({
      reason: 'gate',
      since: since + 2_000,
      holder: { deploymentId: first, number: 2, since },
      durationsMs: [9_000],
    });
  });

  it('for a hold: which, for a retry: when', async () => {
    const first = await chain.deploy();
    await chain.walk(first, 'migrate');
    await chain.pass(first, 'migrate', { ...FAILED, hold: 'it is not known' });
    const second = await chain.deploy();
    await chain.walk(second, 'source');
    await chain.pass(second, 'source', { ...FAILED, retryAfterMs: 700 });
    const { createdAt } = await chain.get(second);
    expect(await chain.store.deployments.wait(second)).toEqual({
      reason: 'retry',
      since: createdAt,
      at: createdAt + 700,
    });
    chain.wait(700);
    await chain.walk(second, 'migrate');
    await chain.begin(second, 'migrate');
    expect(await chain.store.deployments.wait(second)).toMatchObject({
      reason: 'hold',
      since: createdAt + 700,
      hold: { reason: 'it is not known', deploymentId: first },
    });
  });

  it('for a result: whose', async () => {
    const first = await chain.deploy();
    await chain.walk(first, 'install');
    const second = await chain.deploy();
    await chain.walk(second, 'install');
    const work = 'host_aaaaaa:install-1';
    await chain.store.claims.claim(await chain.lease(first, 'install'), work);
    const lease = await chain.lease(second, 'install');
    await chain.store.chain.finish(lease, { kind: 'awaits', work, number: 1, note: 'Waits for #1.' });
    expect(await chain.store.deployments.wait(second)).toMatchObject({
      reason: 'result',
      maker: { deploymentId: first, number: 1 },
    });
  });
});

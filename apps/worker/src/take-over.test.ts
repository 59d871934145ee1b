import { LIMITS } from '@switchyard/domain';
import { createLog } from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';
import { nextLookMs, startTakingOver } from './take-over.ts';

describe('when leases are looked at again', () => {
  it.each([
    ['no lease', null, LIMITS.sweepMs],
    ['one that runs out soon', 300, 320],
    ['one that has run out', -5_000, 20],
    ['one that runs out later than the sweep comes', LIMITS.leaseMs, LIMITS.sweepMs],
  ])('%s', (_, inMs, wait) => {
    expect(nextLookMs(inMs === null ? null : 1_000_000 + inMs, 1_000_000)).toBe(wait);
  });

  it('is always before a lease that is given meanwhile runs out', () => {
    expect(nextLookMs(null, 0)).toBeLessThan(LIMITS.leaseMs);
  });
});

describe('taking over', () => {
  let walk: ChainWalk;
  beforeEach(async () => {
    walk = await ChainWalk.open(inject('redisUrl'));
  });
  afterEach(() => walk.close());

  it('needs no leader: what a dead worker has left goes on although another leads the sweep', async () => {
    const id = await walk.deploy();
    await walk.walk(id, 'build');
    await walk.lease(id, 'build');
    expect(await walk.store.chain.sweep('proc_leaderaaaa')).not.toBeNull();
    expect(await walk.store.chain.takeOver()).toMatchObject({ takenOver: 0, nextAt: expect.any(Number) });
    walk.wait(LIMITS.leaseMs + 1);
    const taking = startTakingOver({
      store: walk.store,
      clock: () => Date.now(),
      log: createLog({ process: 'worker', level: 'silent' }),
    });
    await expect
      .poll(async () => (await walk.get(id)).stages.find(({ name }) => name === 'build')?.attempts[0]?.result)
      .toBe('lost');
    await taking.stop();
    expect(await walk.store.chain.takeOver()).toEqual({ takenOver: 0, nextAt: null });
  });
});

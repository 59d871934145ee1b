import { expect, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';
// @boundaries-ignore a private Redis server is shared with the tests of what crosses packages
import { startRedis } from '../../../tests/harness/redis.ts';
import { Membership } from './membership.ts';

it('a process joins as soon as Redis is there, and says goodbye', async () => {
  const redis = await startRedis();
  const { store, close } = await openWalk(redis.url);
  try {
    await redis.kill();
    const membership = new Membership(() => store.processes.join(SELF));
    await membership.join();
    await redis.restart();
    await expect.poll(async () => await store.processes.alive('router').catch(() => [])).toHaveLength(1);
    await membership.leave();
    expect(await store.processes.alive('router')).toEqual([]);
  } finally {
    await close();
    await redis.stop();
  }
});

it('a process that left before it had joined stays away', async () => {
  const redis = await startRedis();
  const { store, close } = await openWalk(redis.url);
  try {
    const membership = new Membership(async () => {
      await left;
      return await store.processes.join(SELF);
    });
    const joining = membership.join();
    const left = membership.leave();
    await joining;
    expect(await store.processes.alive('router')).toEqual([]);
  } finally {
    await close();
    await redis.stop();
  }
});

const SELF = {
  id: 'proc_router01',
  kind: 'router',
  hostId: 'host_aaaaaa',
  pid: 1,
  version: '0',
  metrics: null,
  startedAt: 0,
} as const;

async function openWalk(url: string) {
  const chain = await ChainWalk.open(url);
  return { store: chain.store, close: async () => await chain.close() };
}

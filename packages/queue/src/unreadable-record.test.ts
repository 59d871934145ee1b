import { type DeploymentId, LIMITS } from '@switchyard/domain';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, ME } from '../../../tests/harness/chain-walk.ts';

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

/** A deployment with a plan that nobody understands, as a version of another time may have left it. */
async function unreadable(): Promise<DeploymentId> {
  const id = await chain.deploy();
  await redis.hset(`${chain.prefix}:dep:${id}`, 'plan', '{"v":99}');
  return id;
}

it('a record that can’t be read hides no other, and says so itself', async () => {
  const id = await unreadable();
  const other = await chain.deploy();
  const { deployments } = chain.store;
  expect((await deployments.listRecent(10)).map((one) => one.id)).toEqual([other]);
  const page = { before: null, limit: 10 };
  expect((await deployments.listOfApp(chain.app.appId, page)).map((one) => one.id)).toEqual([other]);
  await expect(deployments.get(id)).rejects.toMatchObject({ code: 'record-unreadable' });
});

it('the sweep goes past a record that can’t be read: it wakes what lost its job', async () => {
  await unreadable();
  await redis.del(...(await redis.keys(`${chain.prefix}:bull:*`)));
  chain.wait(LIMITS.leaseMs * 10);
  expect(await chain.store.chain.sweep(ME)).toMatchObject({ handedOn: 1 });
});

it('a record of a newer version is refused in clear words, and stays as it is', async () => {
  const id = await chain.deploy();
  const key = `${chain.prefix}:dep:${id}`;
  await redis.hset(key, 'v', '2');
  const before = await redis.hgetall(key);
  await expect(chain.store.deployments.get(id)).rejects.toMatchObject({
    code: 'record-unreadable',
    message: expect.stringContaining('a newer version of Switchyard wrote it'),
  });
  await expect(chain.begin(id, 'pin')).rejects.toMatchObject({ code: 'record-unreadable' });
  chain.wait(LIMITS.leaseMs * 10);
  await chain.store.chain.sweep(ME);
  expect(await redis.hgetall(key)).toEqual(before);
});

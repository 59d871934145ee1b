import { idsFrom } from '@switchyard/domain';
import { expect, inject, it } from 'vitest';
// @boundaries-ignore a private Redis server is shared with the tests of what crosses packages
import { startRedis } from '../../../tests/harness/redis.ts';
import { describeUrl, redisComplaints } from './connection.ts';
import { openStore } from './open-store.ts';

const options = { clock: Date.now, ids: idsFrom(() => 'aaaaaaaa'), name: 'connection-test', prefix: 'connection' };
const good = { version: '7.0.15', aofEnabled: '1', appendfsync: 'always', evictionPolicy: 'noeviction' };

it('a Redis that keeps what it acknowledged is accepted', () => {
  expect(redisComplaints(good)).toEqual([]);
  expect(redisComplaints({ ...good, version: '6.2.0' })).toEqual([]);
  expect(redisComplaints({ ...good, appendfsync: null, evictionPolicy: '' })).toEqual([]);
});

it.each([
  { wrong: { version: '6.0.16' }, says: '6.2' },
  { wrong: { version: '5.9.9' }, says: '6.2' },
  { wrong: { aofEnabled: '0' }, says: 'appendonly yes' },
  { wrong: { appendfsync: 'everysec' }, says: 'appendfsync always' },
  { wrong: { evictionPolicy: 'allkeys-lru' }, says: 'noeviction' },
])('a Redis with $wrong is refused with what to set', ({ wrong, says }) => {
  expect(redisComplaints({ ...good, ...wrong }).join()).toContain(says);
});

it('a real Redis that syncs once a second is refused', async () => {
  const redis = await startRedis({ appendfsync: 'everysec' });
  try {
    await expect(openStore({ ...options, redisUrl: redis.url })).rejects.toMatchObject({
      code: 'redis-unusable',
      message: expect.stringContaining('appendfsync always') as string,
    });
  } finally {
    await redis.stop();
  }
});

it.each([
  { what: 'a wrong password', urlOf: (port: number) => `redis://:not-it@127.0.0.1:${port}` },
  { what: 'no password', urlOf: (port: number) => `redis://127.0.0.1:${port}` },
])('a real Redis is asked with $what, and says so at once', async ({ urlOf }) => {
  const redis = await startRedis();
  try {
    const error: unknown = await openStore({ ...options, redisUrl: urlOf(redis.port) }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'redis-unusable',
      message: expect.stringContaining('REDIS_URL') as string,
    });
    expect(String(error)).not.toContain('not-it');
  } finally {
    await redis.stop();
  }
});

it('an address is told without its password', () => {
  expect(describeUrl(inject('redisUrl'))).toMatch(/^127\.0\.0\.1:\d+$/);
});

it('a store whose Redis goes away rejects at once and works again when it is back', async () => {
  const redis = await startRedis();
  const store = await openStore({ ...options, redisUrl: redis.url });
  try {
    const farm = await store.farm.ensure(null);
    await redis.kill();
    await expect.poll(() => store.isReady()).toBe(false);
    await expect(store.apps.list()).rejects.toMatchObject({ code: 'redis-unavailable' });
    await redis.restart();
    await expect.poll(() => store.isReady()).toBe(true);
    expect(await store.farm.ensure(null)).toEqual(farm);
  } finally {
    await store.close();
    await redis.stop();
  }
});

it('a listener is told to read again after Redis was gone', async () => {
  const redis = await startRedis();
  const store = await openStore({ ...options, redisUrl: redis.url });
  try {
    const heard: unknown[] = [];
    await store.events.subscribe('dep_aaaaaaaa', (event) => heard.push(event));
    await redis.kill();
    await redis.restart();
    await expect.poll(() => heard).toContain('reread');
  } finally {
    await store.close();
    await redis.stop();
  }
});

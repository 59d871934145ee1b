import { cp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
// @boundaries-ignore a Redis that a test may kill is started the same way everywhere
import { type RedisServer, startRedis } from '../../../tests/harness/redis.ts';
import { FarmUnderTest } from './testing/farm-under-test.ts';

const SOON = { timeout: 30_000, interval: 20 };

let redis: RedisServer;
let farm: FarmUnderTest;

beforeAll(async () => {
  redis = await startRedis();
  farm = await FarmUnderTest.open(redis.url);
});

afterAll(async () => {
  await farm.close();
  await redis.stop();
});

const appendOnly = () => join(redis.directory, 'appendonlydir');
const backup = () => join(redis.directory, 'backup');

it('what was started after the backup that Redis came back from goes on, until somebody says that the backup holds', {
  timeout: 60_000,
}, async () => {
  await farm.startRunner();
  const older = await farm.desire();
  await expect.poll(() => farm.visit(older.id), SOON).toBe('hello');
  // Over, so that the next one may pass the gate; its instance stays wanted.
  await farm.store.chain.cancel(older.deploymentId);
  await redis.kill();
  await cp(appendOnly(), backup(), { recursive: true });
  await redis.restart();
  await expect.poll(() => farm.store.isReady(), SOON).toBe(true);

  const newer = await farm.desire();
  await expect.poll(() => farm.visit(newer.id).catch(() => null), SOON).toBe('hello');
  // So much has happened since that the few changes below don't make up for it.
  const endpoint = { instanceId: newer.id, environmentId: newer.environmentId, deploymentId: newer.deploymentId };
  const at = (await farm.endpoint(newer.id)) ?? { host: '', port: 0 };
  for (let change = 0; change < 50; change += 1)
    await farm.store.routing.putEndpoint({ ...endpoint, ...at, ready: true });
  // Reading what is desired once more, the runner sees the table as it is now.
  const { version } = await farm.store.routing.table();
  await expect.poll(() => readFile(farm.memoryPath, 'utf8'), SOON).toContain(`"tableVersion":${version}`);
  const pid = await farm.pidOf(newer.id);

  await redis.kill();
  await rm(appendOnly(), { recursive: true });
  await cp(backup(), appendOnly(), { recursive: true });
  await redis.restart();
  await expect.poll(() => farm.store.isReady(), SOON).toBe(true);

  // What the backup lets it do, it does; that also says that it has read the backup.
  await farm.store.instances.withdraw([older.id]);
  const wanted = await farm.desire();
  await expect.poll(() => farm.visit(wanted.id).catch(() => null), SOON).toBe('hello');
  expect(await farm.pidOf(newer.id)).toBe(pid);
  expect(await farm.pidOf(older.id)).not.toBeNull();

  // The next runner keeps to it.
  await farm.stopRunner();
  await farm.startRunner();
  expect(await farm.pidOf(newer.id)).toBe(pid);

  await rm(farm.memoryPath);
  await expect.poll(async () => (await farm.platform.runner.list()).map(({ id }) => id), SOON).toEqual([wanted.id]);
});

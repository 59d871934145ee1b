import { afterAll, beforeAll, expect, it } from 'vitest';
// @boundaries-ignore a Redis that a test may kill is started the same way everywhere
import { type RedisServer, startRedis } from '../../../tests/harness/redis.ts';
import { FarmUnderTest } from './testing/farm-under-test.ts';

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

it('without Redis instances go on, what crashes is started again, and all is told when Redis is back', async () => {
  await farm.setVariable('SAYS', 'hello from a variable');
  await farm.startRunner();
  const instance = await farm.desire();
  await expect.poll(() => farm.visit(instance.id), { timeout: 15_000 }).toBe('hello from a variable');
  // The next one adopts it, and knows its variables before Redis goes.
  await farm.stopRunner();
  await farm.startRunner();
  await expect.poll(() => farm.state(instance), { timeout: 15_000 }).toBe('healthy');
  const { host, port } = (await farm.endpoint(instance.id)) ?? { host: '', port: 0 };
  const ask = (path: string): Promise<string | null> =>
    fetch(`http://${host}:${port}${path}`).then(
      (answer) => answer.text(),
      () => null,
    );
  const pid = await farm.pidOf(instance.id);

  await redis.kill();
  expect(await ask('/')).toBe('hello from a variable');
  await ask('/exit');
  await expect.poll(() => ask('/'), { timeout: 15_000 }).toBe('hello from a variable');
  expect(await farm.pidOf(instance.id)).not.toBe(pid);

  await redis.restart();
  await expect
    .poll(() => farm.observed(instance).catch(() => null), { timeout: 15_000 })
    .toMatchObject({ state: 'healthy', restarts: 1, lastExit: { code: 7 } });
  expect(await farm.visit(instance.id)).toBe('hello from a variable');
});

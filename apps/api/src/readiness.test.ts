import type { ProcessKind } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
// @boundaries-ignore a private Redis server is shared with the tests of what crosses packages
import { type RedisServer, startRedis } from '../../../tests/harness/redis.ts';
import { type RunningApi, startApi } from './testing/running-api.ts';

async function join(api: RunningApi, kind: ProcessKind): Promise<{ leave(): Promise<void> }> {
  return await api.walk.store.processes.join({
    id: `proc_${kind}aaaaaa`,
    kind,
    hostId: 'host_aaaaaa',
    pid: 1,
    version: '0.1.0',
    metrics: null,
    startedAt: 0,
  });
}

describe('readiness', () => {
  let api: RunningApi;
  beforeEach(async () => {
    api = await startApi({ redisUrl: inject('redisUrl') });
  });
  afterEach(() => api.close());

  test('needs a worker, a runner and a router, and says which is missing', async () => {
    const members: { leave(): Promise<void> }[] = [];
    for (const kind of ['worker', 'runner', 'router'] as const) {
      const response = await fetch(`${api.url}/readyz`);
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      const { parts, detail } = (await response.json()) as {
        parts: { name: string; ready: boolean }[];
        detail: string;
      };
      expect(parts.find(({ name }) => name === kind)).toMatchObject({ ready: false });
      expect(detail).toContain(`No ${kind} is alive`);
      members.push(await join(api, kind));
    }
    expect(await api.client.ready()).toMatchObject({ ready: true });
    for (const member of members) await member.leave();
    expect((await api.client.ready()).ready).toBe(false);
  });

  test('names processes only to those who show a token', async () => {
    const worker = await join(api, 'worker');
    expect(await (await fetch(`${api.url}/readyz`)).json()).not.toHaveProperty('processes');
    expect((await api.client.ready()).processes).toEqual([
      expect.objectContaining({ kind: 'worker', version: '0.1.0' }),
    ]);
    await worker.leave();
  });

  test('the figures say who is alive and what waits', async () => {
    const worker = await join(api, 'worker');
    await api.walk.pass(await api.walk.deploy(), 'pin');
    const text = await (await api.ask('/metrics')).text();
    expect(text).toMatch(/^switchyard_redis_up\{process="api"\} 1$/m);
    expect(text).toMatch(/^switchyard_processes\{kind="worker",process="api"\} 1$/m);
    expect(text).toMatch(/^switchyard_processes\{kind="router",process="api"\} 0$/m);
    expect(text).toMatch(/^switchyard_queue_jobs\{queue="light",state="waiting",process="api"\} [1-9]$/m);
    expect(text).toMatch(/^switchyard_deployments_waiting\{reason="slot",process="api"\} 0$/m);
    expect(text).toMatch(/^switchyard_slots_in_use\{scope="farm",process="api"\} 1$/m);
    expect(text).toMatch(/^switchyard_sse_readers\{process="api"\} 0$/m);
    expect(text).toMatch(
      /switchyard_api_request_duration_seconds_count\{operation="readyz"|switchyard_nodejs_eventloop_lag/,
    );
    await worker.leave();
  });
});

describe('without Redis', () => {
  let redis: RedisServer;
  let api: RunningApi;
  beforeEach(async () => {
    redis = await startRedis();
    api = await startApi({ redisUrl: redis.url });
  });
  afterEach(async () => {
    await api.close();
    await redis.stop();
  });

  test('everything is refused at once with 503 and when to come back; back again, it goes on', async () => {
    const { id } = await api.client.deploy('hello');
    await redis.kill();
    const startedAt = performance.now();
    for (const path of [
      '/v1/apps',
      '/v1/deployments',
      `/v1/deployments/${id}`,
      `/v1/deployments/${id}/events`,
      `/v1/deployments/${id}/logs`,
    ]) {
      const response = await api.ask(path);
      expect([path, response.status]).toEqual([path, 503]);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(await response.json()).toMatchObject({ code: 'redis-unavailable', fault: 'transient' });
    }
    expect((await api.post('/v1/apps/hello/deployments')).status).toBe(503);
    const ready = await api.client.ready();
    expect(ready.parts).toEqual([expect.objectContaining({ name: 'redis', ready: false })]);
    expect(await (await api.ask('/metrics')).text()).toMatch(/^switchyard_redis_up\{process="api"\} 0$/m);
    expect((await fetch(`${api.url}/healthz`)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(20_000);

    await redis.restart();
    await expect.poll(() => api.client.deployment(id).catch(() => null)).toMatchObject({ id });
  });

  test('a stream that is open goes on when Redis is back, and has missed nothing', async () => {
    const { id } = await api.client.deploy('hello');
    const seen: number[] = [];
    const tail = (async () => {
      for await (const event of api.client.events(id)) seen.push(event.id);
    })();
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    await redis.kill();
    await redis.restart();
    await expect.poll(() => api.walk.store.isReady()).toBe(true);
    await api.walk.walk(id, null);
    await tail;
    const { sequence } = await api.walk.get(id);
    expect(seen).toEqual(Array.from({ length: sequence }, (_, index) => index + 1));
  });
});

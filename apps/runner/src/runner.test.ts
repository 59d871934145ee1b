import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { LIMITS } from '@switchyard/domain';
import { systemClock, systemIds } from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { FarmUnderTest } from './testing/farm-under-test.ts';

let farm: FarmUnderTest;

beforeEach(async () => {
  farm = await FarmUnderTest.open(inject('redisUrl'));
});

afterEach(async () => {
  await farm.close();
});

const SOON = { timeout: 30_000, interval: 20 };

describe('an instance that is wanted', () => {
  it('has the app’s variables as they are at each of its starts', async () => {
    await farm.setVariable('SAYS', 'first-value');
    await farm.startRunner();
    const instance = await farm.desire();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('first-value');
    await farm.setVariable('SAYS', 'second-value');
    expect(await farm.visit(instance.id)).toBe('first-value');
    await farm.visit(instance.id, '/exit');
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('second-value');
  });

  it('shows no secret in its last words, nor when another runner has adopted it', async () => {
    await farm.setVariable('TOKEN', 'quite-secret-value');
    await farm.startRunner();
    const command = 'echo "before $TOKEN after"; exec node server.js';
    const instance = await farm.desire({ start: { kind: 'command', command }, env: { STATUS: '500' } });
    const tail = async (): Promise<string> => JSON.stringify((await farm.observed(instance))?.outputTail);
    await expect.poll(tail, SOON).toContain('before *** after');
    await farm.stopRunner();
    await farm.startRunner();
    await expect.poll(tail, SOON).toContain('before *** after');
    expect(JSON.stringify(await farm.observed(instance))).not.toContain('quite-secret');
  });

  it('shows no value with which it was started, changed since, when another runner has adopted it', async () => {
    await farm.setVariable('TOKEN', 'the-value-before');
    await farm.startRunner();
    const flag = join(await mkdtemp(join(tmpdir(), 'flag-')), 'flag');
    // Instances run as a user of the app's own.
    await chmod(dirname(flag), 0o755);
    const command =
      'echo "first $TOKEN"; until [ -e "$FLAG" ]; do sleep 0.1; done; echo "later $TOKEN"; exec node server.js';
    await farm.desire({ start: { kind: 'command', command }, env: { FLAG: flag } });
    const printed = async (): Promise<string> => JSON.stringify(await farm.store.output.read(farm.environmentId, 0));
    await expect.poll(printed, SOON).toContain('first ***');
    await farm.stopRunner();
    await farm.setVariable('TOKEN', 'the-value-after');
    await farm.startRunner();
    await writeFile(flag, '');
    await expect.poll(printed, SOON).toContain('later ***');
    expect(await printed()).not.toContain('the-value');
    await rm(dirname(flag), { recursive: true });
  });

  it('is started, and takes visitors once it answers well', async () => {
    await farm.startRunner();
    const instance = await farm.desire({ env: { SAYS: 'good day' } });
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('good day');
    const observed = await farm.observed(instance);
    expect(observed).toMatchObject({
      state: 'healthy',
      restarts: 0,
      address: { host: '127.0.0.1' },
      health: { failure: null, path: '/health', status: 200 },
    });
    expect(observed?.address?.port).toBeGreaterThanOrEqual(LIMITS.portRange.first);
    expect(observed?.address?.port).toBeLessThanOrEqual(LIMITS.portRange.last);
  });

  it('takes no visitors while it answers badly, and says with what', async () => {
    await farm.startRunner();
    const instance = await farm.desire({ env: { STATUS: '500' }, health: { path: '/up', timeLimitMs: 500 } });
    await expect.poll(() => farm.state(instance), SOON).toBe('unhealthy');
    expect(await farm.observed(instance)).toMatchObject({
      health: { failure: 'error-status', path: '/up', status: 500 },
    });
    expect(await farm.endpoint(instance.id)).toBeNull();
  });

  it('that ends at once is started again and again, with its end and its last words told', async () => {
    await farm.startRunner();
    const instance = await farm.desire({ start: { kind: 'command', command: 'echo no database; exit 3' } });
    await expect.poll(async () => (await farm.observed(instance))?.restarts, SOON).toBeGreaterThanOrEqual(3);
    expect(await farm.observed(instance)).toMatchObject({ lastExit: { code: 3 }, health: { failure: 'exited' } });
    expect((await farm.observed(instance))?.outputTail).toContain('no database');
    await expect.poll(() => farm.restarts, SOON).toBeGreaterThanOrEqual(3);
  });

  it('that listens on another port than it was told is reached there, and that is said', async () => {
    await farm.startRunner();
    const port = 30_000 + Math.floor(Math.random() * 2_000);
    const instance = await farm.desire({ env: { LISTEN: String(port) } });
    await expect.poll(() => farm.endpoint(instance.id), SOON).toEqual({ host: '127.0.0.1', port });
    expect((await farm.observed(instance))?.health?.message).toMatch(new RegExp(`listens on ${port}, but PORT is 2`));
  });

  it('is not well because somebody else answers on its port', async () => {
    await farm.startRunner();
    const instance = await farm.desire({
      start: { kind: 'command', command: 'sleep 600' },
      health: { path: null, timeLimitMs: 1_500 },
    });
    await expect.poll(async () => (await farm.observed(instance))?.address, SOON).not.toBeNull();
    const port = (await farm.observed(instance))?.address?.port;
    const stranger = createServer((_request, response) => response.end('not yours'));
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    try {
      await expect.poll(() => farm.state(instance), SOON).toBe('unhealthy');
      expect(await farm.observed(instance)).toMatchObject({ health: { failure: 'nothing-listens' } });
      expect(await farm.endpoint(instance.id)).toBeNull();
    } finally {
      await new Promise((resolve) => stranger.close(resolve));
    }
  });

  it('that crashes takes no visitors at once, and takes them again when it is back', async () => {
    await farm.startRunner();
    const instance = await farm.desire();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    const before = await farm.endpoint(instance.id);
    await farm.visit(instance.id, '/exit');
    await expect.poll(() => farm.observed(instance), SOON).toMatchObject({ restarts: 1, lastExit: { code: 7 } });
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    expect(await farm.endpoint(instance.id)).toEqual(before);
  });
});

describe('when the runner ends', () => {
  it('instances go on, and the next runner adopts them as they are', async () => {
    await farm.startRunner();
    const instance = await farm.desire();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    const pid = await farm.pidOf(instance.id);
    await farm.stopRunner();
    expect(await farm.visit(instance.id)).toBe('hello');
    await farm.store.routing.removeEndpoint(instance.id);
    await farm.startRunner();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    expect(await farm.pidOf(instance.id)).toBe(pid);
    expect(await farm.observed(instance)).toMatchObject({ state: 'healthy', restarts: 0 });
  });

  it('what ended meanwhile is started again', async () => {
    await farm.startRunner();
    const instance = await farm.desire();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    await farm.stopRunner();
    await farm.visit(instance.id, '/exit');
    await farm.startRunner();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    expect(await farm.observed(instance)).toMatchObject({ lastExit: { code: 7 } });
  });

  it('and they are to end with it: they do, and the next one brings them back', async () => {
    await farm.startRunner();
    const instance = await farm.desire();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    await farm.stopRunner({ stopInstances: true });
    expect(await farm.platform.runner.list()).toEqual([]);
    expect(await farm.endpoint(instance.id)).toBeNull();
    await farm.startRunner();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
  });

  it('what nobody wants any more is removed by the next one', async () => {
    await farm.startRunner();
    const instance = await farm.desire();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    await farm.stopRunner();
    await farm.store.instances.withdraw([instance.id]);
    await farm.startRunner();
    await expect.poll(() => farm.platform.runner.list(), SOON).toEqual([]);
    await expect.poll(() => farm.observed(instance), SOON).toBeNull();
  });

  it('what was started before Redis was lost is left alone', async () => {
    const id = systemIds('ins');
    const { appId, environmentId, snapshot, root, persist, runtime, env, start, limits } = await farm.desire();
    const from = {
      farmId: farm.farm.id,
      appId,
      environmentId,
      snapshot,
      root,
      persist,
      runtime,
      env,
      limits,
      labels: {},
    };
    const { epoch } = farm.farm;
    const port = LIMITS.portRange.last;
    await farm.platform.runner.startInstance({ ...from, id, epoch: epoch - 1, start, port });
    // Nobody wants this one either, but it is of this life of Redis. It ends later than the other would.
    const orphan = systemIds('ins');
    const slow = { kind: 'command', command: "trap 'sleep 0.5; exit 0' TERM; while :; do sleep 0.05; done" } as const;
    await farm.platform.runner.startInstance({ ...from, id: orphan, epoch, start: slow, port: port - 1 });
    await farm.startRunner();
    await expect.poll(() => farm.pidOf(orphan), SOON).toBeNull();
    expect(await farm.pidOf(id)).not.toBeNull();
  });
});

describe('an instance that is wanted no more', () => {
  it('is stopped and forgotten', async () => {
    await farm.startRunner();
    const instance = await farm.desire();
    await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
    await farm.store.instances.withdraw([instance.id]);
    await expect.poll(() => farm.platform.runner.list(), SOON).toEqual([]);
    await expect.poll(() => farm.observed(instance), SOON).toBeNull();
    expect(await farm.endpoint(instance.id)).toBeNull();
  });

  it('is stopped in the middle of its start too', async () => {
    await farm.startRunner();
    const instance = await farm.desire({ start: { kind: 'command', command: 'sleep 600' } });
    await expect.poll(() => farm.state(instance), SOON).toBe('starting');
    await farm.store.instances.withdraw([instance.id]);
    await expect.poll(() => farm.platform.runner.list(), SOON).toEqual([]);
  });

  describe('drains', () => {
    const router = {
      id: systemIds('proc'),
      kind: 'router',
      pid: 1,
      version: '0',
      metrics: null,
      startedAt: 0,
    } as const;

    it('takes no new visitors at once, and stops when none is left', async () => {
      const member = await farm.store.processes.join({ ...router, hostId: farm.hostId });
      await farm.startRunner();
      const instance = await farm.desire();
      await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
      const report = (count: number) =>
        farm.store.routing.acknowledge(router.id, { routes: new Map(), inFlight: new Map([[instance.id, count]]) });
      await report(1);
      await farm.store.instances.drain([instance.id], systemClock() + 60_000);
      await expect.poll(() => farm.endpoint(instance.id), SOON).toBeNull();
      await expect.poll(() => farm.state(instance), SOON).toBe('draining');
      const asked = vi.spyOn(farm.store.routing, 'inFlight');
      await expect.poll(() => asked.mock.calls.length, SOON).toBeGreaterThanOrEqual(3);
      expect(await farm.pidOf(instance.id)).not.toBeNull();
      await report(0);
      await expect.poll(() => farm.platform.runner.list(), SOON).toEqual([]);
      await expect.poll(() => farm.store.instances.ofHost(farm.hostId), SOON).toEqual([]);
      await member.leave();
    });

    it('leaves nobody who reads its output, also where its stop failed', async () => {
      await farm.startRunner();
      const instance = await farm.desire();
      await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
      vi.spyOn(farm.platform.runner, 'stop').mockRejectedValueOnce(new Error('the engine is away'));
      await farm.store.instances.withdraw([instance.id]);
      await expect.poll(() => farm.platform.runner.list(), SOON).toEqual([]);
      const read = vi.spyOn(farm.platform.runner, 'readOutput');
      await pause(LIMITS.outputIdlePollMs * 3);
      expect(read).not.toHaveBeenCalled();
    });

    it('is stopped at the limit, whoever is left', async () => {
      const member = await farm.store.processes.join({ ...router, hostId: farm.hostId });
      await farm.startRunner();
      const instance = await farm.desire();
      await expect.poll(() => farm.visit(instance.id), SOON).toBe('hello');
      await farm.store.routing.acknowledge(router.id, {
        routes: new Map(),
        inFlight: new Map([[instance.id, 1]]),
      });
      await farm.store.instances.drain([instance.id], systemClock() + 500);
      await expect.poll(() => farm.platform.runner.list(), SOON).toEqual([]);
      await member.leave();
    });
  });
});

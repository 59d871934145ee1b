import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { ProcessView } from '@switchyard/client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import type { ServiceName, ServiceProcess } from '../harness/service-process.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { waitFor } from '../harness/wait-for.ts';

let shop: Shop;
let sequence = 0;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'version 0' }), { live: true });
});

afterAll(async () => {
  await shop?.close();
});

afterEach(async () => {
  for (const name of ['worker', 'runner', 'router', 'api'] as const)
    if (shop.system.running(name).length === 0) shop.system.start(name);
  const isReady = () =>
    fetch(`${shop.system.apiUrl}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitFor('all is ready again', isReady, 30_000);
});

async function recordOf({ pid }: ServiceProcess): Promise<ProcessView | undefined> {
  return (await shop.system.client.processes()).find((one) => one.pid === pid);
}

async function idOf(service: ServiceProcess): Promise<string> {
  await expect.poll(() => recordOf(service)).toBeDefined();
  return (await recordOf(service))?.id ?? '';
}

async function readyz(service: ServiceProcess): Promise<number> {
  const { metrics } = (await recordOf(service)) ?? {};
  return (await fetch(`http://${metrics}/readyz`)).status;
}

/** Commits a version whose build waits until it is told to go on. */
async function waitingVersion(): Promise<{ says: string; begun: () => Promise<string>; go: () => Promise<void> }> {
  sequence += 1;
  const says = `version ${sequence}`;
  const file = join(shop.outside, `wait-${sequence}`);
  const build = `sh -c 'echo begun >> ${file}.begun; while [ ! -e ${file}.go ]; do sleep 0.05; done'`;
  await shop.repository.commit(nodeApp({ says, build }));
  return {
    says,
    begun: async () => (existsSync(`${file}.begun`) ? await readFile(`${file}.begun`, 'utf8') : ''),
    go: () => writeFile(`${file}.go`, ''),
  };
}

const attemptsOf = async (id: string, stage: string) =>
  (await shop.system.client.deployment(id)).stages
    .find(({ name }) => name === stage)
    ?.attempts.map(({ result }) => result);

describe.sequential('quiet', { timeout: 90_000 }, () => {
  it('a worker goes on with what it has, takes nothing new, and says so', async () => {
    const { system } = shop;
    const quiet = system.services.worker;
    const version = await waitingVersion();
    const { id } = await system.client.deploy('shop');
    await expect.poll(version.begun).toBe('begun\n');
    quiet.send('SIGUSR2');
    await expect.poll(() => recordOf(quiet)).toMatchObject({ state: 'quiet', inHand: 1 });
    expect(await readyz(quiet)).toBe(503);
    expect(await (await fetch(`${system.apiUrl}/readyz`)).json()).toMatchObject({
      parts: expect.arrayContaining([expect.objectContaining({ name: 'worker', ready: false })]),
    });
    await version.go();
    await expect.poll(() => attemptsOf(id, 'build')).toEqual(['succeeded']);
    await expect.poll(() => recordOf(quiet)).toMatchObject({ state: 'quiet', inHand: 0 });
    expect((await system.client.deployment(id)).status).toBe('running');
    system.start('worker');
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    await quiet.signal('SIGTERM');
    expect(quiet.exitCode).toBe(0);
  });

  it('an api goes on answering, and says that it should not be asked', async () => {
    const { system } = shop;
    const { api } = system.services;
    expect(await readyz(api)).toBe(200);
    await system.client.quietProcess(await idOf(api));
    await expect.poll(() => readyz(api)).toBe(503);
    expect((await fetch(`${system.apiUrl}/readyz`)).status).toBe(503);
    expect((await system.client.listApps()).length).toBe(1);
    await api.signal('SIGTERM');
    expect(api.exitCode).toBe(0);
  });

  it('a router goes on serving, and says that it should not be asked', async () => {
    const { system } = shop;
    const { router } = system.services;
    await system.client.quietProcess(await idOf(router));
    await expect.poll(() => readyz(router)).toBe(503);
    expect((await system.visit('shop')).status).toBe(200);
    await router.signal('SIGTERM');
    expect(router.exitCode).toBe(0);
  });

  it('a runner starts nothing new and keeps up what it has; the next one starts what is wanted', async () => {
    const { system, repository } = shop;
    await system.services.runner.signal('SIGTERM');
    system.start('runner', { SWITCHYARD_STOP_INSTANCES_ON_EXIT: '0' });
    const runner = system.services.runner;
    await system.client.quietProcess(await idOf(runner));
    await expect.poll(() => recordOf(runner)).toMatchObject({ state: 'quiet' });
    await expect.poll(async () => (await system.client.app('shop')).instances[0]?.state).toBe('healthy');

    await repository.commit(nodeApp({ says: 'after quiet' }));
    const { id } = await system.client.deploy('shop');
    await expect
      .poll(async () => (await system.client.deployment(id)).stages.find(({ name }) => name === 'health')?.status)
      .toBe('running');
    const [live] = (await system.client.app('shop')).instances;
    if (typeof live?.pid !== 'number') throw new Error('nothing is live');
    process.kill(live.pid, 'SIGKILL');
    await expect
      .poll(async () => (await system.client.app('shop')).instances.find((one) => one.id === live.id)?.restarts)
      .toBe(live.restarts + 1);
    expect((await system.client.deployment(id)).status).toBe('running');
    await runner.signal('SIGTERM');
    expect(runner.exitCode).toBe(0);
    system.start('runner');
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    expect((await system.visit('shop')).body).toBe('after quiet');
  });
});

describe.sequential('drain', { timeout: 90_000 }, () => {
  it('a worker whose deadline is longer than its build ends it, and leaves with 0', async () => {
    const { system } = shop;
    const leaving = system.services.worker;
    const version = await waitingVersion();
    const { id } = await system.client.deploy('shop');
    await expect.poll(version.begun).toBe('begun\n');
    expect(await system.client.drainProcess(await idOf(leaving), { deadlineMs: 600_000 })).toMatchObject({
      kind: 'worker',
    });
    await expect.poll(() => recordOf(leaving)).toMatchObject({ state: 'draining', inHand: 1 });
    system.start('worker');
    await version.go();
    await expect.poll(() => leaving.running).toBe(false);
    expect(leaving.exitCode).toBe(0);
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    expect(await attemptsOf(id, 'build')).toEqual(['succeeded']);
    expect(await version.begun()).toBe('begun\n');
    expect(await recordOf(leaving)).toBeUndefined();
  });

  it('its deadline can be set for all that it is told', async () => {
    const { system } = shop;
    await system.services.worker.signal('SIGTERM');
    const patient = system.start('worker', { SWITCHYARD_DRAIN_DEADLINE_S: '600' });
    const version = await waitingVersion();
    const { id } = await system.client.deploy('shop');
    await expect.poll(version.begun).toBe('begun\n');
    patient.send('SIGTERM');
    await expect.poll(() => recordOf(patient)).toMatchObject({ state: 'draining' });
    system.start('worker');
    await version.go();
    await system.waitUntilEnded(id);
    expect(await attemptsOf(id, 'build')).toEqual(['succeeded']);
  });

  it('a router lets a request under way end', async () => {
    const { system, repository } = shop;
    await repository.commit({
      ...nodeApp({ says: 'slow' }),
      'server.js': `require('node:http').createServer((q, r) => q.url === '/slow' ? setTimeout(() => r.end('at last'), 2000) : r.end('ok')).listen(process.env.PORT, process.env.HOST);`,
    });
    expect((await system.deploy('shop')).status).toBe('succeeded');
    const { router } = system.services;
    const answer = new Promise<string>((resolve, reject) => {
      const asking = request(
        {
          host: '127.0.0.1',
          port: system.routerPort,
          path: '/slow',
          headers: { host: 'shop.localhost' },
          agent: false,
        },
        (response) => {
          response.setEncoding('utf8');
          response.on('data', (text: string) => resolve(`${response.statusCode} ${text}`)).on('error', reject);
        },
      );
      asking.on('error', reject).end();
    });
    await expect.poll(() => recordOf(router), { timeout: 10_000 }).toMatchObject({ inHand: 1 });
    await router.signal('SIGTERM');
    expect(await answer).toBe('200 at last');
    expect(router.exitCode).toBe(0);
  });

  it('an api tells readers of events to connect again, and none misses or repeats one', async () => {
    const { system } = shop;
    const version = await waitingVersion();
    const { id } = await system.client.deploy('shop');
    await expect.poll(version.begun).toBe('begun\n');
    const seen: number[] = [];
    const reading = (async () => {
      for await (const event of system.client.events(id)) seen.push(event.id);
    })();
    const raw = await fetch(`${system.apiUrl}/v1/deployments/${id}/events`, {
      headers: { authorization: `Bearer ${system.token}`, accept: 'text/event-stream' },
    });
    await expect.poll(() => seen.length).toBeGreaterThan(3);
    const { api } = system.services;
    await api.signal('SIGTERM');
    expect(api.exitCode).toBe(0);
    expect(await raw.text()).toMatch(/retry: \d+\n: this api is leaving; connect again\n\n$/);
    system.start('api');
    await version.go();
    await reading;
    expect(seen).toEqual(seen.map((_, index) => index + 1));
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
  });
});

describe.sequential('kill', { timeout: 90_000 }, () => {
  it.each(['api', 'router', 'runner', 'worker'] as const)(
    'ends a %s at once, as kill -9 does',
    async (name: ServiceName) => {
      const { system } = shop;
      const doomed = system.services[name];
      const id = await idOf(doomed);
      // The api that is told may be the one that answers.
      await system.client.killProcess(id).catch(() => undefined);
      await expect.poll(() => doomed.running).toBe(false);
      expect(doomed.exitCode).toBeNull();
      if (name === 'router') system.start('router');
      await expect
        .poll(() =>
          system.visit('shop').then(
            ({ status }) => status,
            () => 0,
          ),
        )
        .toBe(200);
    },
  );

  it('is what a second SIGTERM says', async () => {
    const { system } = shop;
    const version = await waitingVersion();
    await system.services.worker.signal('SIGTERM');
    const doomed = system.start('worker', { SWITCHYARD_DRAIN_DEADLINE_S: '600' });
    const { id } = await system.client.deploy('shop');
    await expect.poll(version.begun).toBe('begun\n');
    doomed.send('SIGTERM');
    await expect.poll(() => recordOf(doomed)).toMatchObject({ state: 'draining' });
    await doomed.signal('SIGTERM');
    expect(doomed.exitCode).toBeNull();
    system.start('worker');
    await version.go();
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
  });

  it('of nobody is refused', async () => {
    await expect(shop.system.client.killProcess('proc_nobodyaaaa')).rejects.toMatchObject({
      code: 'process-not-found',
    });
  });
});

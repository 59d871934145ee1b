import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import type { Repository } from '../harness/repository.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import type { System } from '../harness/system.ts';

let shop: Shop;
let system: System;
let repository: Repository;
let outside: string;
let sequence = 0;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'version 0' }), { live: true });
  ({ system, repository, outside } = shop);
});

afterAll(async () => {
  await shop?.close();
});

/** Commits a version whose build (or migration) waits until it is told to go on. */
async function waitingVersion(
  where: 'build' | 'migrate',
): Promise<{ says: string; begun: string; go: () => Promise<void> }> {
  sequence += 1;
  const says = `version ${sequence}`;
  const file = join(outside, `wait-${sequence}`);
  const wait = `sh -c 'echo begun >> ${file}.begun; while [ ! -e ${file}.go ]; do sleep 0.05; done'`;
  await repository.commit(where === 'build' ? { ...nodeApp({ says, build: wait }) } : nodeApp({ says, migrate: wait }));
  return { says, begun: `${file}.begun`, go: () => writeFile(`${file}.go`, '') };
}

/** Visits all the time; answers how many visits did not get a 200. */
function visitAllTheTime(): () => Promise<number> {
  let failed = 0;
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      const status = await system.visit('shop').then(
        (answer) => answer.status,
        () => 0,
      );
      if (status !== 200) failed += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return async () => {
    stopping.abort();
    await done;
    return failed;
  };
}

describe.sequential('kill -9', { timeout: 60_000 }, () => {
  it('of the worker in the middle of a build: another takes over, the build runs again, visitors notice nothing', async () => {
    const version = await waitingVersion('build');
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(version.begun)).toBe(true);
    const visits = visitAllTheTime();
    await system.services.worker.signal('SIGKILL');
    system.start('worker');
    await expect.poll(async () => (await readFile(version.begun, 'utf8')).length).toBe('begun\nbegun\n'.length);
    await version.go();
    const ended = await system.waitUntilEnded(id);
    expect(ended.status).toBe('succeeded');
    expect(ended.stages.find(({ name }) => name === 'build')?.attempts.map(({ result }) => result)).toEqual([
      'lost',
      'succeeded',
    ]);
    expect(await visits()).toBe(0);
    expect((await system.visit('shop')).body).toBe(version.says);
  });

  it('of the worker in the middle of a migration: another re-attaches, the migration runs once', async () => {
    const version = await waitingVersion('migrate');
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(version.begun)).toBe(true);
    await system.services.worker.signal('SIGKILL');
    system.start('worker');
    await expect
      .poll(
        async () => (await system.client.deployment(id)).stages.find(({ name }) => name === 'migrate')?.attempts.length,
        { timeout: 30_000 },
      )
      .toBe(2);
    await version.go();
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    expect(await readFile(version.begun, 'utf8')).toBe('begun\n');
    expect((await system.visit('shop')).body).toBe(version.says);
  });

  it('of the runner: apps go on answering, a migration under way is found again, the deployment succeeds', async () => {
    const version = await waitingVersion('migrate');
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(version.begun)).toBe(true);
    const before = (await system.client.app('shop')).instances[0];
    const visits = visitAllTheTime();
    await system.services.runner.signal('SIGKILL');
    system.start('runner');
    await version.go();
    const ended = await system.waitUntilEnded(id);
    expect(ended.status).toBe('succeeded');
    expect(await visits()).toBe(0);
    expect(before?.restarts).toBe(0);
    expect(await readFile(version.begun, 'utf8')).toBe('begun\n');
    expect((await system.visit('shop')).body).toBe(version.says);
  });

  it('of the api: the deployment goes on without it', async () => {
    const version = await waitingVersion('build');
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(version.begun)).toBe(true);
    const visits = visitAllTheTime();
    await system.services.api.signal('SIGKILL');
    await version.go();
    await expect.poll(async () => (await system.visit('shop')).body).toBe(version.says);
    system.start('api');
    await expect
      .poll(
        async () =>
          await system.client.deployment(id).then(
            ({ status }) => status,
            () => null,
          ),
        { timeout: 30_000 },
      )
      .toBe('succeeded');
    expect(await visits()).toBe(0);
  });

  it('of the router: a new one serves at once from what it kept, the deployment succeeds', async () => {
    const version = await waitingVersion('build');
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(version.begun)).toBe(true);
    await system.services.router.signal('SIGKILL');
    system.start('router');
    await expect
      .poll(
        async () =>
          await system.visit('shop').then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 30_000 },
      )
      .toBe(200);
    await version.go();
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    expect((await system.visit('shop')).body).toBe(version.says);
  });

  it('of a live instance: it is started again', async () => {
    const [instance] = (await system.client.app('shop')).instances.filter(({ state }) => state === 'healthy');
    // 0 would be this test's own process group.
    if (typeof instance?.pid !== 'number') throw new Error('no instance is healthy');
    process.kill(instance.pid, 'SIGKILL');
    await expect
      .poll(async () => (await system.client.app('shop')).instances.find(({ id }) => id === instance.id)?.restarts, {
        timeout: 30_000,
      })
      .toBe(1);
    await expect.poll(async () => (await system.visit('shop')).status).toBe(200);
  });

  it('of Redis: apps go on answering without it, and deployments are taken again when it is back', async () => {
    const visits = visitAllTheTime();
    await system.redis.kill();
    const refused = await fetch(`${system.apiUrl}/v1/apps`, { headers: { authorization: `Bearer ${system.token}` } });
    expect(refused.status).toBe(503);
    expect((await system.visit('shop')).status).toBe(200);
    await system.redis.restart();
    await expect.poll(async () => (await fetch(`${system.apiUrl}/readyz`)).status).toBe(200);
    expect(await visits()).toBe(0);
    await repository.commit(nodeApp({ says: 'after Redis' }));
    expect((await system.deploy('shop')).status).toBe('succeeded');
    expect((await system.visit('shop')).body).toBe('after Redis');
  });
});

describe.sequential('SIGTERM', { timeout: 60_000 }, () => {
  it('of a worker hands its stage to another within moments, at no cost of attempts', async () => {
    const version = await waitingVersion('build');
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(version.begun)).toBe(true);
    const leaving = system.services.worker;
    system.start('worker');
    await leaving.signal('SIGTERM');
    await expect.poll(async () => await readFile(version.begun, 'utf8'), { timeout: 10_000 }).toBe('begun\nbegun\n');
    await version.go();
    const ended = await system.waitUntilEnded(id);
    expect(ended.status).toBe('succeeded');
    expect(ended.stages.find(({ name }) => name === 'build')?.attempts.map(({ result }) => result)).toEqual([
      'handed_back',
      'succeeded',
    ]);
  });
});

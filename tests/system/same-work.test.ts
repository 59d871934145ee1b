import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { openToApps } from '../harness/shop.ts';
import { type System, startSystem } from '../harness/system.ts';

/** Two workers that do one thing at a time: a deployment that held its worker while it waits would let nothing else run. */
const ONE_AT_A_TIME = { SWITCHYARD_WORKER_CONCURRENCY: '1' };

let system: System;
let repository: Repository;
let bystander: Repository;
let outside: string;
let sequence = 0;

beforeAll(async () => {
  outside = await openToApps(await mkdtemp(join(tmpdir(), 'outside-')));
  repository = await createRepository(nodeApp({ says: 'version 0' }));
  bystander = await createRepository(nodeApp({ says: 'bystander' }));
  system = await startSystem({ env: ONE_AT_A_TIME });
  await system.client.createApp({ name: 'shop', repository: repository.url });
  await system.client.createApp({ name: 'bystander', repository: bystander.url });
  // The dependencies, so that what is waited for is the build alone.
  await system.deploy('shop');
}, 180_000);

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
  await bystander?.remove();
  await rm(outside, { recursive: true, force: true });
});

const buildOf = ({ stages }: DeploymentView) => stages.find(({ name }) => name === 'build');

/** Commits a version whose build leaves a line outside and then waits until it is told to go on. */
async function waitingVersion(): Promise<{ begun: () => Promise<number>; go: () => Promise<void> }> {
  sequence += 1;
  const file = join(outside, `wait-${sequence}`);
  const build = `sh -c 'echo begun >> ${file}.begun; while [ ! -e ${file}.go ]; do sleep 0.05; done'`;
  await repository.commit(nodeApp({ says: `version ${sequence}`, build }));
  return {
    begun: async () =>
      existsSync(`${file}.begun`) ? (await readFile(`${file}.begun`, 'utf8')).split('\n').length - 1 : 0,
    go: () => writeFile(`${file}.go`, ''),
  };
}

/** #a builds, #b of the same commit waits for it. */
async function oneBuildsAndOneWaits() {
  const version = await waitingVersion();
  const builder = await system.client.deploy('shop');
  await expect.poll(version.begun).toBe(1);
  const waiter = await system.client.deploy('shop');
  await expect.poll(async () => (await system.client.deployment(waiter.id)).waiting).toBe('result');
  return { version, builder, waiter };
}

describe.sequential('two deployments that need the same build, on two workers of a host', { timeout: 60_000 }, () => {
  it('build once; the one that waits holds no worker, then takes the hit and says whom it waited for', async () => {
    system.start('worker');
    const { version, builder, waiter } = await oneBuildsAndOneWaits();
    expect((await system.deploy('bystander')).status).toBe('succeeded');
    await version.go();
    const built = await system.waitUntilEnded(builder.id);
    const waited = await system.waitUntilEnded(waiter.id);
    expect(['succeeded', 'superseded']).toContain(built.status);
    expect(waited.status).toBe('succeeded');
    expect(await version.begun()).toBe(1);
    expect(buildOf(built)?.cache?.result).toBe('miss');
    expect(buildOf(waited)).toMatchObject({
      cache: { result: 'hit', because: `waited for #${builder.number}’s build of the same inputs` },
      attempts: [{ result: 'waited', waitedFor: builder.number }, { result: 'succeeded' }],
    });
    const log = await system.logsOf(waiter.id);
    expect(log).toContain(`Waits for #${builder.number}’s build of the same inputs.`);
    expect(log).toContain(`Reused: waited for #${builder.number}’s build of the same inputs.`);
  });

  it('build twice when fresh work is asked for: that one neither waits nor keeps others waiting', async () => {
    const version = await waitingVersion();
    const builder = await system.client.deploy('shop');
    await expect.poll(version.begun).toBe(1);
    const fresh = await system.client.deploy('shop', { reuse: 'none' });
    await expect.poll(version.begun).toBe(2);
    await version.go();
    expect((await system.waitUntilEnded(fresh.id)).status).toBe('succeeded');
    const built = await system.waitUntilEnded(builder.id);
    expect(buildOf(built)).toMatchObject({ status: 'succeeded', cache: { result: 'miss' } });
  });

  it('go on without each other: a cancelled builder leaves the work to the one that waits', async () => {
    const { version, builder, waiter } = await oneBuildsAndOneWaits();
    await system.client.cancel(builder.id);
    await expect.poll(version.begun).toBe(2);
    await version.go();
    expect((await system.waitUntilEnded(builder.id)).status).toBe('cancelled');
    const waited = await system.waitUntilEnded(waiter.id);
    expect(waited.status).toBe('succeeded');
    expect(buildOf(waited)?.cache?.result).toBe('miss');
  });

  it('end each by itself: one that waits is cancelled at once, and the build it waited for goes on', async () => {
    const { version, builder, waiter } = await oneBuildsAndOneWaits();
    await system.client.cancel(waiter.id);
    expect((await system.waitUntilEnded(waiter.id)).status).toBe('cancelled');
    await version.go();
    expect((await system.waitUntilEnded(builder.id)).status).toBe('succeeded');
  });

  it('outlive the worker that builds: after kill -9 one of the two builds again, and once', async () => {
    const { version, builder, waiter } = await oneBuildsAndOneWaits();
    // Either worker may have it; the one that is left over takes what the dead ones had.
    await Promise.all(system.running('worker').map((worker) => worker.signal('SIGKILL')));
    system.start('worker');
    system.start('worker');
    await expect.poll(version.begun, { timeout: LIMITS.leaseMs + 15_000 }).toBe(2);
    await version.go();
    expect(['succeeded', 'superseded']).toContain((await system.waitUntilEnded(builder.id)).status);
    expect((await system.waitUntilEnded(waiter.id)).status).toBe('succeeded');
    expect(await version.begun()).toBe(2);
  });
});

import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { openToApps } from '../harness/shop.ts';
import { type System, startSystem } from '../harness/system.ts';

/** The same database, by two users and two spellings of its address. Nothing answers there: the migrations here are files. */
const SHOP_URL = 'postgres://shop:secret-of-shop@db.example.test:5432/main';
const STORE_URL = 'postgresql://store:secret-of-store@DB.example.test/main?sslmode=require';

let system: System;
let outside: string;
let shop: Repository;
let store: Repository;
let sequence = 0;

beforeAll(async () => {
  outside = await openToApps(await mkdtemp(join(tmpdir(), 'outside-')));
  shop = await createRepository(nodeApp({ says: 'shop' }));
  store = await createRepository(nodeApp({ says: 'store' }));
  // One thing at a time: a deployment that held its worker while it waits would let nothing else run.
  system = await startSystem({ env: { SWITCHYARD_WORKER_CONCURRENCY: '1' } });
  await system.client.createApp({ name: 'shop', repository: shop.url });
  await system.client.createApp({ name: 'store', repository: store.url });
  await system.client.setVariable('shop', 'DATABASE_URL', { value: SHOP_URL });
  await system.client.setVariable('store', 'ANALYTICS_DATABASE', { value: STORE_URL });
}, 180_000);

afterAll(async () => {
  await system?.stop();
  await shop?.remove();
  await store?.remove();
  await rm(outside, { recursive: true, force: true });
});

/**
 * Commits a version whose migration makes a directory that only one can make, waits until it is told to go on, and takes it away again: one
 * that meets another in the database fails.
 */
async function migratingVersion(repository: Repository, says: string) {
  sequence += 1;
  const file = join(outside, `migration-${sequence}`);
  const database = join(outside, 'database');
  const migrate = `sh -c 'mkdir ${database} && echo begun >> ${file}.begun && while [ ! -e ${file}.go ]; do sleep 0.05; done && rmdir ${database}'`;
  await repository.commit(nodeApp({ says: `${says} ${sequence}`, migrate }));
  return {
    begun: () => existsSync(`${file}.begun`),
    times: async () => (await readFile(`${file}.begun`, 'utf8')).split('\n').length - 1,
    go: () => writeFile(`${file}.go`, ''),
  };
}

const migrateOf = ({ stages }: DeploymentView) => stages.find(({ name }) => name === 'migrate');

async function waitsForDatabase(id: string): Promise<DeploymentView> {
  await expect.poll(async () => (await system.client.deployment(id)).waiting, { timeout: 30_000 }).toBe('database');
  return await system.client.deployment(id);
}

describe.sequential('two apps that share a database', { timeout: 90_000 }, () => {
  it('migrate one after the other, also over the death of the worker of the first; who waits holds no worker', async () => {
    const first = await migratingVersion(shop, 'shop');
    const second = await migratingVersion(store, 'store');
    const { id: firstId } = await system.client.deploy('shop');
    await expect.poll(first.begun, { timeout: 30_000 }).toBe(true);
    // The only place of the only worker follows the migration; another worker brings the other app as far as its own.
    const following = system.services.worker;
    system.start('worker');
    const { id: secondId } = await system.client.deploy('store');
    const waiting = await waitsForDatabase(secondId);
    expect(migrateOf(waiting)?.note).toContain('shop #1');
    expect(second.begun()).toBe(false);

    await following.signal('SIGKILL');
    await expect
      .poll(async () => migrateOf(await system.client.deployment(firstId))?.attempts.length, { timeout: 40_000 })
      .toBe(2);
    expect((await system.client.deployment(secondId)).waiting).toBe('database');
    await first.go();
    // The second takes the only place of the only worker then: the first ends after it.
    await expect.poll(second.begun, { timeout: 30_000 }).toBe(true);
    await second.go();
    expect((await system.waitUntilEnded(firstId)).status).toBe('succeeded');
    expect((await system.waitUntilEnded(secondId)).status).toBe('succeeded');
    expect([await first.times(), await second.times()]).toEqual([1, 1]);
  });

  it('are both kept off it after a migration that was ended by force, until somebody says that it is in order', async () => {
    system.start('worker');
    const first = await migratingVersion(shop, 'shop');
    const { id: firstId } = await system.client.deploy('shop');
    await expect.poll(first.begun, { timeout: 30_000 }).toBe(true);
    await system.client.cancel(firstId, { force: true });
    expect((await system.waitUntilEnded(firstId)).status).toBe('cancelled');
    // As an operator would repair what was left by half.
    await rm(join(outside, 'database'), { recursive: true });

    const second = await migratingVersion(store, 'store');
    await second.go();
    const { id: secondId } = await system.client.deploy('store');
    const waiting = await waitsForDatabase(secondId);
    expect(migrateOf(waiting)?.note).toContain('switchyard resume shop');
    expect(second.begun()).toBe(false);
    const [environment] = (await system.client.app('shop')).environments;
    await system.client.releaseHold(environment?.id ?? '');
    expect((await system.waitUntilEnded(secondId)).status).toBe('succeeded');
  });

  it('that only their settings name alike migrate one after the other too', async () => {
    for (const app of ['shop', 'store']) {
      await system.client.unsetVariable(app, app === 'shop' ? 'DATABASE_URL' : 'ANALYTICS_DATABASE');
      await system.client.changeSettings(app, { migrationLock: 'main' }, '*');
    }
    const first = await migratingVersion(shop, 'shop');
    const second = await migratingVersion(store, 'store');
    await second.go();
    const { id: firstId } = await system.client.deploy('shop');
    await expect.poll(first.begun, { timeout: 30_000 }).toBe(true);
    const { id: secondId } = await system.client.deploy('store');
    await waitsForDatabase(secondId);
    await first.go();
    expect((await system.waitUntilEnded(firstId)).status).toBe('succeeded');
    expect((await system.waitUntilEnded(secondId)).status).toBe('succeeded');
  });

  it('is nowhere to be read in Redis', async () => {
    const keys = await redisText(system);
    expect(keys).toContain('database-turn');
    expect(keys).not.toContain('db.example.test');
    expect(keys).not.toContain('secret-of-shop');
  });
});

/** Everything that Redis has written, which is what a backup of it would hold. */
async function redisText({ redis }: System): Promise<string> {
  const directory = join(redis.directory, 'appendonlydir');
  const files = await readdir(directory);
  return (await Promise.all(files.map((name) => readFile(join(directory, name), 'latin1')))).join('\n');
}

import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { waitFor } from '../harness/wait-for.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'version 0' }), { live: true });
}, 180_000);

afterAll(async () => {
  await shop?.close();
});

const inData = (...path: string[]) => join(shop.system.dataDirectory, ...path);
const snapshots = async () => (await readdir(inData('snapshots'))).filter((name) => !name.startsWith('.')).toSorted();

/** Longer ago than anything may be that was just used. */
async function age(path: string, byMs: number): Promise<void> {
  const at = new Date(Date.now() - LIMITS.diskRestMs - byMs);
  await utimes(path, at, at);
}

async function ageEverything(): Promise<void> {
  for (const key of await snapshots()) await age(inData('snapshots', key, 'manifest.json'), 60_000);
  for (const name of await readdir(inData('mirrors'))) await age(inData('mirrors', name), 60_000);
  for (const name of await readdir(inData('caches/teams'))) await age(inData('caches/teams', name), 60_000);
}

/** In place of the running worker; it looks at the disk soon after its start. */
async function restartWorker(env: Record<string, string>): Promise<void> {
  await shop.system.services.worker.signal('SIGTERM');
  shop.system.start('worker', env);
  await waitFor('the worker is there', async () => (await shop.system.client.ready()).ready, 30_000);
}

describe.sequential('the data directory', { timeout: 120_000 }, () => {
  it('over its budget loses what was unused longest, and nothing that is live, kept for rollback or just used', async () => {
    const { system, repository } = shop;
    for (const number of [1, 2]) {
      await repository.commit(nodeApp({ says: `version ${number}` }));
      expect((await system.deploy('shop')).status).toBe('succeeded');
    }
    const before = await snapshots();
    expect(before.filter((key) => key.startsWith('bld-'))).toHaveLength(3);
    await ageEverything();
    const young = before.find((key) => key.startsWith('src-')) ?? '';
    const now = new Date();
    await utimes(inData('snapshots', young, 'manifest.json'), now, now);

    await restartWorker({ SWITCHYARD_DISK_BUDGET: '1' });
    await waitFor('something was evicted', async () => (await snapshots()).length < before.length, 60_000);
    await waitFor(
      'the figures say so',
      async () => (await system.client.disks()).disks.some(({ reclaimedBytes }) => reclaimedBytes > 0),
      30_000,
    );

    const after = await snapshots();
    expect(after.filter((key) => key.startsWith('bld-'))).toEqual(before.filter((key) => key.startsWith('bld-')));
    expect(after.filter((key) => !key.startsWith('bld-'))).toEqual([young]);
    expect(await readdir(inData('mirrors'))).toEqual([]);
    expect(await readdir(inData('caches/teams'))).toEqual([]);
    expect((await system.client.disks()).disks).toMatchObject([{ budgetBytes: 1, keptBytes: { mirror: 0 } }]);
    expect(await system.processLogs()).toMatch(/"msg":"evicted [\d.]+ [kM]B"/);
    expect((await system.visit('shop')).body).toBe('version 2');
  });

  it('goes on from there: a rollback starts, and a deploy fetches and makes anew what it needs', async () => {
    const { system, repository } = shop;
    const rollback = await system.client.rollback('shop');
    expect((await system.waitUntilEnded(rollback.id)).status).toBe('succeeded');
    expect((await system.visit('shop')).body).toBe('version 1');
    await repository.commit(nodeApp({ says: 'version 3' }));
    expect((await system.deploy('shop')).status).toBe('succeeded');
    expect((await system.visit('shop')).body).toBe('version 3');
  });

  it('that would be filled lets no build begin: the deployment fails with what to do, and what is live stays', async () => {
    const { system, repository } = shop;
    await restartWorker({ SWITCHYARD_DISK_RESERVE: '900TB' });
    await repository.commit(nodeApp({ says: 'version 4' }));
    const failed = await system.deploy('shop');
    expect(failed.status).toBe('failed');
    expect(failed.diagnosis).toMatchObject({ cause: 'disk_full', stage: 'build', fault: 'transient' });
    expect(failed.diagnosis?.explanation).toContain('SWITCHYARD_DISK_RESERVE');
    const build = failed.stages.find(({ name }) => name === 'build');
    expect(build?.attempts).toHaveLength(LIMITS.stageAttempts.build);
    expect((await system.visit('shop')).body).toBe('version 3');
    await expect(stat(inData('workspaces', failed.id))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import { STAGES, type StageName } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import type { Repository } from '../harness/repository.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import type { System } from '../harness/system.ts';

let shop: Shop;
let system: System;
let repository: Repository;
let outside: string;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'one' }));
  ({ system, repository, outside } = shop);
});

afterAll(async () => {
  await shop?.close();
});

function stage(deployment: DeploymentView, name: StageName) {
  const found = deployment.stages.find((item) => item.name === name);
  if (found === undefined) throw new Error(`no stage ${name}`);
  return found;
}

const cacheOf = (deployment: DeploymentView, name: StageName): string | null =>
  stage(deployment, name).cache?.result ?? null;

async function told(): Promise<string> {
  return (await system.visit('shop')).body;
}

describe.sequential('an app', { timeout: 60_000 }, () => {
  it('goes live through all nine stages with its first deployment', async () => {
    const deployment = await system.deploy('shop');
    expect(deployment.diagnosis).toBeNull();
    expect(deployment).toMatchObject({ status: 'succeeded', number: 1, app: 'shop' });
    expect(deployment.stages.map(({ name }) => name)).toEqual([...STAGES]);
    for (const name of STAGES) expect(['succeeded', 'skipped'], name).toContain(stage(deployment, name).status);
    expect(deployment.commit?.sha).toBe(await repository.git('rev-parse', 'HEAD'));
    expect(await system.visit('shop')).toEqual({ status: 200, body: 'one' });
    expect((await system.client.app('shop')).live).toMatchObject({ number: 1, weight: 100 });
  });

  it('takes install from the cache while the lockfile is the same, and builds what changed', async () => {
    await repository.commit({ ...nodeApp({ says: 'two' }) });
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('succeeded');
    expect(cacheOf(deployment, 'install')).toBe('hit');
    expect(cacheOf(deployment, 'build')).toBe('miss');
    expect(await told()).toBe('two');
  });

  it('takes install and build from the cache for the same commit', async () => {
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('succeeded');
    expect(cacheOf(deployment, 'install')).toBe('hit');
    expect(cacheOf(deployment, 'build')).toBe('hit');
  });

  it('does everything anew when asked to reuse nothing', async () => {
    const deployment = await system.deploy('shop', { reuse: 'none' });
    expect(deployment.status).toBe('succeeded');
    expect(cacheOf(deployment, 'install')).toBe('miss');
    expect(cacheOf(deployment, 'build')).toBe('miss');
  });

  it('keeps answering with the old version when a build fails, which says why and reaches no migration', async () => {
    const touched = join(outside, 'migrated-after-failed-build');
    await repository.commit(
      nodeApp({
        says: 'broken',
        build: 'echo "src/app.ts(3,7): error TS2322: wrong" >&2; exit 2',
        migrate: `touch ${touched}`,
      }),
    );
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('failed');
    expect(stage(deployment, 'build').status).toBe('failed');
    expect(stage(deployment, 'build').attempts).toHaveLength(1);
    expect(deployment.diagnosis).toMatchObject({ stage: 'build', fault: 'user' });
    expect(deployment.diagnosis?.fix).not.toBe('');
    expect(stage(deployment, 'migrate')).toMatchObject({ status: 'skipped', attempts: [] });
    expect(existsSync(touched)).toBe(false);
    expect(await told()).toBe('two');
  });

  it('keeps answering with the old version when a migration fails, which runs once', async () => {
    const ran = join(outside, 'failed-migration');
    await repository.commit(
      nodeApp({
        says: 'broken',
        migrate: `sh -c 'echo ran >> ${ran}; echo "relation users does not exist" >&2; exit 3'`,
      }),
    );
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('failed');
    expect(deployment.diagnosis).toMatchObject({ stage: 'migrate' });
    expect(await readFile(ran, 'utf8')).toBe('ran\n');
    expect(await told()).toBe('two');
  });

  it('keeps answering with the old version when the new one does not become healthy', async () => {
    await repository.commit(nodeApp({ says: 'broken', atStart: 'throw new Error("DATABASE_URL is not set");' }));
    await repository.commit({ Procfile: null });
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('failed');
    expect(deployment.diagnosis).toMatchObject({ stage: 'health' });
    expect(JSON.stringify(deployment.diagnosis)).toContain('DATABASE_URL');
    expect(await told()).toBe('two');
    expect((await system.client.app('shop')).instances.filter(({ state }) => state !== 'gone')).toHaveLength(1);
  });

  it('runs a migration once on the built files before the new version serves', async () => {
    const ran = join(outside, 'good-migration');
    await repository.commit(nodeApp({ says: 'three', migrate: `sh -c 'cat dist/built >> ${ran}'` }));
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('succeeded');
    expect(stage(deployment, 'migrate').status).toBe('succeeded');
    expect(await readFile(ran, 'utf8')).toBe('built\n');
    expect(await told()).toBe('three');
  });

  it('goes back to the release that was live before, in one call and without building', async () => {
    const { id } = await system.client.rollback('shop');
    const deployment = await system.waitUntilEnded(id);
    expect(deployment).toMatchObject({ status: 'succeeded', trigger: 'rollback' });
    expect(stage(deployment, 'build').status).toBe('skipped');
    expect(await told()).toBe('two');
  });

  it('starts again on demand without being away', async () => {
    const before = (await system.client.app('shop')).instances;
    const { id } = await system.client.restart('shop');
    let failed = 0;
    const visiting = new AbortController();
    const visits = (async () => {
      while (!visiting.signal.aborted) if ((await system.visit('shop')).status !== 200) failed += 1;
    })();
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    visiting.abort();
    await visits;
    expect(failed).toBe(0);
    const after = (await system.client.app('shop')).instances;
    expect(after.map((instance) => instance.id)).not.toEqual(before.map((instance) => instance.id));
  });

  it('keeps its logs long after, whole and by stage', async () => {
    const { deployments } = await system.client.deployments('shop');
    const first = deployments.at(-1);
    const text = await system.logsOf(first?.id ?? '');
    expect(text).toContain('dist/built');
    let build = '';
    for await (const piece of system.client.logs(first?.id ?? '', { stage: 'build' })) build += piece;
    expect(text).toContain(build.trim());
    expect(build.length).toBeLessThan(text.length);
  });

  it('is gone with everything that ran when it is deleted', async () => {
    await system.client.deleteApp('shop');
    await expect.poll(async () => (await system.visit('shop')).status).toBe(404);
    await expect(system.client.app('shop')).rejects.toMatchObject({ problem: { code: 'app-not-found' } });
    await system.client.createApp({ name: 'shop', repository: repository.url });
    expect((await system.deploy('shop')).number).toBe(1);
  });
});

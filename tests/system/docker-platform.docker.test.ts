import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { farmIdOf, farmInEngine, removeFarm } from '../harness/docker-farm.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let farmId: string;

beforeAll(async () => {
  system = await startSystem({ platform: 'docker' });
  farmId = await farmIdOf(system.dataDirectory);
  repository = await createRepository(nodeApp({ says: 'one' }));
  await system.client.createApp({ name: 'shop', repository: repository.url });
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
  if (farmId !== undefined) await removeFarm(farmId);
});

const told = async () => (await system.visit('shop')).body;

describe.sequential('an app in containers', () => {
  it('goes live through all stages, and leaves one container: its instance', async () => {
    const deployment = await system.deploy('shop');
    expect(deployment.diagnosis).toBeNull();
    expect(deployment.status).toBe('succeeded');
    expect(await told()).toBe('one');
    expect((await farmInEngine(farmId)).containers).toHaveLength(1);
  });

  it('takes dependencies from the cache and replaces the instance when the code changes', async () => {
    await repository.commit({ ...nodeApp({ says: 'two' }) });
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('succeeded');
    expect(deployment.stages.find(({ name }) => name === 'install')?.cache?.result).toBe('hit');
    expect(await told()).toBe('two');
    expect((await farmInEngine(farmId)).containers).toHaveLength(1);
  });

  it('keeps the old version when a build fails, with nothing left of the attempt', async () => {
    await repository.commit({ ...nodeApp({ says: 'three', build: 'echo "no such thing" >&2; exit 3' }) });
    const deployment = await system.deploy('shop');
    expect(deployment).toMatchObject({ status: 'failed', diagnosis: { stage: 'build' } });
    expect(await system.logsOf(deployment.id)).toContain('no such thing');
    expect(await told()).toBe('two');
    expect((await farmInEngine(farmId)).containers).toHaveLength(1);
  });

  it('runs a migration in a container of its own before the new version serves', async () => {
    await repository.commit({ ...nodeApp({ says: 'four', migrate: 'echo migrated from $PWD' }) });
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('succeeded');
    expect(await system.logsOf(deployment.id)).toContain('migrated from /app');
    expect(await told()).toBe('four');
  });

  it('goes back to a release that is kept', async () => {
    const { id } = await system.client.rollback('shop', {});
    expect((await system.waitUntilEnded(id)).status).toBe('succeeded');
    expect(await told()).toBe('two');
  });
});

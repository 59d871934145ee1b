import type { DeploymentView } from '@switchyard/client';
import type { StageName } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeAppOptions, nodeApp } from '../harness/node-app.ts';
import { createRepository, type Files, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

const MIB = 1024 ** 2;
const MAX_MIB = 512;

/** Takes memory, outside of the heap, until it has so many MiB. */
const taker = (mebibytes: number) =>
  `const kept = []; (function next() { kept.push(Buffer.alloc(16 * 1024 * 1024, 1)); if (kept.length * 16 < ${mebibytes}) setTimeout(next, 20); })();\n`;

const TAKES_BEFORE_IT_LISTENS =
  'for (const kept = []; kept.length < 40; ) kept.push(Buffer.alloc(16 * 1024 * 1024, 1));';

let system: System;
let repository: Repository;

const app = (settings: unknown, options: Partial<NodeAppOptions> = {}, take = 0): Files => ({
  ...nodeApp({ says: 'one', ...options }),
  'take.js': taker(take),
  'switchyard.json': JSON.stringify(settings),
});

beforeAll(async () => {
  repository = await createRepository(nodeApp({ says: 'one' }));
  system = await startSystem({ env: { SWITCHYARD_MAX_MEMORY_MIB: String(MAX_MIB) } });
  await system.client.createApp({ name: 'shop', repository: repository.url });
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
});

function memoryOf(deployment: DeploymentView, name: StageName) {
  return deployment.stages.find((stage) => stage.name === name)?.attempts.at(-1)?.memory ?? null;
}

describe.sequential('limits', { timeout: 60_000 }, () => {
  it('leave an app that keeps to them alone, and say what it took', async () => {
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('succeeded');
    const memory = memoryOf(deployment, 'build');
    expect(memory).toMatchObject({ outOfMemory: false, memoryLimitBytes: MAX_MIB * MIB });
    expect(memory?.peakMemoryBytes).toBeGreaterThan(MIB);
    expect(await system.logsOf(deployment.id)).toMatch(/Peak memory \d+(\.\d)? MiB of 512 MiB\./);
  });

  it('end a build that needs more memory, with both figures in its diagnosis, and what is live stays live', async () => {
    await repository.commit(app({ limits: { build: { memoryMiB: 160 } } }, { build: 'node take.js' }, 640));
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('failed');
    expect(deployment.diagnosis).toMatchObject({
      stage: 'build',
      cause: 'out_of_memory',
      fault: 'user',
      title: 'A process was killed at the memory limit of 160 MiB',
      details: { limitBytes: 160 * MIB },
    });
    expect(deployment.diagnosis?.fix).toContain('limits.build.memoryMiB');
    expect(memoryOf(deployment, 'build')).toMatchObject({ outOfMemory: true, memoryLimitBytes: 160 * MIB });
    expect(await system.logsOf(deployment.id)).toContain(
      'Out of memory: a process was killed at the limit of 160 MiB.',
    );
    expect((await system.visit('shop')).body).toBe('one');
  });

  it('that an app asks for are never above the operator’s, and the log says so', async () => {
    await repository.commit(app({ limits: { build: { memoryMiB: 4096 } } }));
    const deployment = await system.deploy('shop');
    expect(memoryOf(deployment, 'build')?.memoryLimitBytes).toBe(MAX_MIB * MIB);
    expect(await system.logsOf(deployment.id)).toContain("4 GiB is above this farm's maximum; 512 MiB it is");
  });

  it('beyond what any app may ask for are refused by name', async () => {
    await repository.commit(app({ limits: { run: { memoryMiB: 1 } }, timeLimitsMs: { build: 1_800_001 } }));
    const { diagnosis } = await system.deploy('shop');
    expect(diagnosis?.cause).toBe('invalid_settings');
    expect(diagnosis?.explanation).toContain('limits.run.memoryMiB');
    expect(diagnosis?.explanation).toContain('timeLimitsMs.build');
  });

  it('on time end a stage as the app asks, by the limit’s name', async () => {
    await repository.commit(app({ timeLimitsMs: { build: 2_000 } }, { build: 'sleep 600' }));
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('timed_out');
    expect(deployment.diagnosis).toMatchObject({ stage: 'build', cause: 'stage_timeout', details: { limitMs: 2_000 } });
    expect(deployment.diagnosis?.explanation).toContain('2 s, `timeLimitsMs.build`');
    expect((await system.visit('shop')).body).toBe('one');
  });

  it('end a new instance that needs more memory, and the old one serves on', async () => {
    await repository.commit(app({ limits: { run: { memoryMiB: 160 } } }, { atStart: TAKES_BEFORE_IT_LISTENS }));
    const deployment = await system.deploy('shop');
    expect(deployment.status).toBe('failed');
    expect(deployment.diagnosis).toMatchObject({ stage: 'health', cause: 'out_of_memory' });
    expect(deployment.diagnosis?.fix).toContain('limits.run.memoryMiB');
    expect((await system.visit('shop')).body).toBe('one');
  });

  it('end a live instance that grows beyond its memory; it is started again, and its state says why', async () => {
    const grows =
      "const make = http.createServer; http.createServer = (serve) => make((request, response) => { if (request.url === '/grow') require('./take.js'); serve(request, response); });";
    await repository.commit(app({ limits: { run: { memoryMiB: 160 } } }, { says: 'grown', atStart: grows }, 640));
    expect((await system.deploy('shop')).status).toBe('succeeded');
    const lastExit = async () => (await system.client.app('shop')).instances[0]?.lastExit ?? null;
    expect(await lastExit()).toBeNull();
    await system.visit('shop', '/grow');
    await expect.poll(lastExit).toMatchObject({ memory: { outOfMemory: true, memoryLimitBytes: 160 * MIB } });
    await expect.poll(async () => (await system.visit('shop')).body).toBe('grown');
  });
});

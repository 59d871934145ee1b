import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeploymentId, LIMITS } from '@switchyard/domain';
import { openPlatform, type Platform } from '@switchyard/platform';
import { createLog, fileBlobs, logArchive, outputArchive, systemIds } from '@switchyard/service';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { ChainWalk, ME } from '../../../tests/harness/chain-walk.ts';
import { workerMetrics } from './metrics.ts';
import { sweepOnce } from './sweep.ts';

let walk: ChainWalk;
let directory: string;
let platform: Platform;
let registry: Registry;

beforeEach(async () => {
  walk = await ChainWalk.open(inject('redisUrl'));
  directory = await mkdtemp(join(tmpdir(), 'sweep-'));
  registry = new Registry();
  platform = await openPlatform({
    kind: 'local',
    farmId: systemIds('farm'),
    epoch: 1,
    hostId: systemIds('host'),
    dataDir: directory,
    extraCaCerts: null,
    dockerNetwork: null,
    allowFileRepositories: false,
    announce: () => undefined,
  });
});

afterEach(async () => {
  await platform.close();
  await walk.close();
  await rm(directory, { recursive: true, force: true });
});

async function leaveWorkspace(id: DeploymentId, ageMs: number): Promise<void> {
  const workspace = join(directory, 'workspaces', id);
  await mkdir(join(workspace, 'build-1', 'home'), { recursive: true });
  const at = new Date(Date.now() - ageMs);
  await utimes(workspace, at, at);
}

const workspaces = async (): Promise<string[]> => (await readdir(join(directory, 'workspaces'))).sort();

async function sweep(): Promise<void> {
  // Each sweep is told of in figures of its own.
  registry.clear();
  await sweepOnce({
    store: walk.store,
    disk: { sweep: () => Promise.resolve() },
    platform: platform.worker,
    archive: logArchive(fileBlobs(join(directory, 'blobs'))),
    outputArchive: outputArchive(fileBlobs(join(directory, 'blobs'))),
    processId: ME,
    clock: () => Date.now(),
    metrics: workerMetrics(registry, { active: () => 0, isRedisUp: () => walk.store.isReady() }),
    log: createLog({ process: 'worker', level: 'silent' }),
  });
}

describe('the sweep', () => {
  it('removes workspaces of deployments that are over or unknown, and no other', async () => {
    const ended = await walk.deploy();
    await walk.walk(ended, null);
    const running = await walk.deploy();
    await walk.walk(running, 'build');
    await leaveWorkspace(ended, LIMITS.leaseMs * 2);
    await leaveWorkspace(running, LIMITS.leaseMs * 2);
    await leaveWorkspace('dep_unknown1', LIMITS.leaseMs * 2);
    await leaveWorkspace('dep_young001', 0);
    await sweep();
    expect(await workspaces()).toEqual([running, 'dep_young001'].sort());
    expect(await registry.metrics()).toContain('switchyard_sweep_actions_total{action="workspace-removed"} 2');
  });

  it('removes few at a time', async () => {
    const count = LIMITS.maxSweepRemovals + 2;
    for (let index = 0; index < count; index += 1) await leaveWorkspace(`dep_unknown${index}`, LIMITS.leaseMs * 2);
    await sweep();
    expect(await workspaces()).toHaveLength(2);
  });

  it('forgets deployments past retention, their logs with them, and says so', async () => {
    await walk.store.settings.replace(walk.app.appId, 0, { retention: { deployments: 1, days: 1 } });
    const cancelled = await walk.deploy();
    await walk.store.chain.cancel(cancelled);
    await walk.walk(cancelled, null);
    const kept = await walk.deploy();
    await walk.walk(kept, null);
    const archive = logArchive(fileBlobs(join(directory, 'blobs')));
    for (const deploymentId of [cancelled, kept])
      await archive.append(deploymentId, [
        { id: 9, type: 'log', at: 1, deploymentId, data: { stage: 'build', attempt: 1, firstLine: 1, lines: ['x'] } },
      ]);
    await sweep();
    expect(await walk.store.deployments.get(cancelled)).not.toBeNull();
    walk.wait(86_400_000);
    await sweep();
    expect(await walk.store.deployments.get(cancelled)).toBeNull();
    expect(await archive.read(cancelled, 0)).toEqual([]);
    expect(await archive.read(kept, 0)).toHaveLength(1);
    expect(await registry.metrics()).toContain('switchyard_sweep_actions_total{action="deployment-forgotten"} 1');
  });

  it('tells of what it put right in the records', async () => {
    const id = await walk.deploy();
    await walk.walk(id, 'build');
    await walk.lease(id, 'build');
    walk.wait(LIMITS.leaseMs + 1);
    await sweep();
    expect(await registry.metrics()).toContain('switchyard_sweep_actions_total{action="taken-over"} 1');
  });
});

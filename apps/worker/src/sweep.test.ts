import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeploymentId, LIMITS, uploadKey } from '@switchyard/domain';
import { openPlatform, openUploads, type Platform } from '@switchyard/platform';
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
  const blobs = fileBlobs(join(directory, 'blobs'));
  // Each sweep is told of in figures of its own.
  registry.clear();
  await sweepOnce({
    store: walk.store,
    disk: { sweep: () => Promise.resolve() },
    platform: platform.worker,
    archive: logArchive(blobs),
    outputArchive: outputArchive(blobs),
    blobs,
    uploads: openUploads({ dataDir: directory }),
    withUploads: () => true,
    processId: ME,
    clock: () => Date.now(),
    metrics: workerMetrics(registry, { active: () => 0, isRedisUp: () => walk.store.isReady() }),
    log: createLog({ process: 'worker', level: 'silent' }),
  });
}

describe('the sweep of uploads', () => {
  const archive = Buffer.from('bytes of an archive');
  const id = (letter: string) => `upl_${letter.repeat(6)}` as const;
  const keyOf = (letter: string) => uploadKey(walk.app.appId, id(letter));
  const blobs = () => fileBlobs(join(directory, 'blobs'));

  async function age(path: string): Promise<void> {
    const at = new Date(Date.now() - LIMITS.lostUploadMs * 2);
    await utimes(path, at, at);
  }

  async function record(letter: string): Promise<void> {
    const { appId } = walk.app;
    const createdAt = 1_800_000_000_000;
    await walk.store.uploads.put({
      v: 1,
      id: id(letter),
      appId,
      bytes: 1,
      sha256: 'a'.repeat(64),
      files: 1,
      createdAt,
    });
  }

  it('removes bytes that no record names, what was left half written, and no other', async () => {
    for (const letter of ['a', 'b', 'c']) await blobs().put(keyOf(letter), archive);
    await record('a');
    await age(join(directory, 'blobs', keyOf('a')));
    await age(join(directory, 'blobs', keyOf('b')));
    const half = join(directory, 'blobs', `${keyOf('d')}.1-1.part`);
    await writeFile(half, archive);
    await age(half);
    await writeFile(join(directory, 'blobs', `${keyOf('e')}.1-1.part`), archive);
    await sweep();
    expect((await readdir(join(directory, 'blobs', 'uploads', walk.app.appId))).sort()).toEqual([
      `${id('a')}.tar.gz`,
      `${id('c')}.tar.gz`,
      `${id('e')}.tar.gz.1-1.part`,
    ]);
  });

  it('forgets one that nothing was deployed from, and its bytes', async () => {
    await blobs().put(keyOf('a'), archive);
    await record('a');
    await sweep();
    expect(await blobs().list('uploads/')).toEqual([keyOf('a')]);
    walk.wait(LIMITS.unusedUploadMs + 1);
    await sweep();
    expect(await blobs().list('uploads/')).toEqual([]);
    expect(await walk.store.uploads.list(walk.app.appId)).toEqual([]);
  });

  it('removes what this host has unpacked of one that is gone, and what was left half made', async () => {
    await record('a');
    const unpacked = join(directory, 'uploads');
    for (const name of [`${id('a')}.git`, `${id('b')}.git`, `${id('c')}.git`, '.making-1', '.making-2'])
      await mkdir(join(unpacked, name, 'objects'), { recursive: true });
    for (const name of [`${id('a')}.git`, `${id('b')}.git`, '.making-1']) await age(join(unpacked, name));
    await sweep();
    expect((await readdir(unpacked)).sort()).toEqual(['.making-2', `${id('a')}.git`, `${id('c')}.git`]);
  });
});

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

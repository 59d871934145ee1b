import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DeploymentId, LIMITS, type LogEvent } from '@switchyard/domain';
import type { Lease } from '@switchyard/queue';
import { fileBlobs, type LogArchive, logArchive } from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';
import { LogArchiver } from './log-archiver.ts';

let walk: ChainWalk;
let directory: string;
let archive: LogArchive;
let deploymentId: DeploymentId;
let lease: Lease;
let written = 0;

beforeEach(async () => {
  walk = await ChainWalk.open(inject('redisUrl'));
  directory = await mkdtemp(join(tmpdir(), 'archive-'));
  archive = logArchive(fileBlobs(directory));
  deploymentId = await walk.deploy();
  await walk.walk(deploymentId, 'build');
  lease = await walk.lease(deploymentId, 'build');
  written = 0;
});

afterEach(async () => {
  await walk.close();
  await rm(directory, { recursive: true, force: true });
});

const newArchiver = (): LogArchiver => new LogArchiver({ events: walk.store.events, archive, deploymentId });

async function write(archiver: LogArchiver | null, batches: number, bytes: number): Promise<void> {
  for (let index = 0; index < batches; index += 1) {
    written += 1;
    const lines = [`line ${written}`];
    await walk.store.events.appendLog(lease, { stage: 'build', attempt: 1, firstLine: written, lines });
    await archiver?.sent(bytes);
  }
}

async function inRedis(): Promise<LogEvent[]> {
  const { events } = await walk.store.events.read(deploymentId, 0);
  return events.filter((event): event is LogEvent => event.type === 'log');
}

/** As a reader puts them together. */
async function everyLine(): Promise<string[]> {
  const archived = await archive.read(deploymentId, 0);
  const last = archived.at(-1)?.id ?? 0;
  return [...archived, ...(await inRedis()).filter(({ id }) => id > last)].flatMap(({ data }) => data.lines);
}

const expected = (): string[] => Array.from({ length: written }, (_, index) => `line ${index + 1}`);

describe('a log on its way to blobs', () => {
  it('is cut into chunks, of which Redis keeps the newest entries', async () => {
    const archiver = newArchiver();
    await write(archiver, 900, LIMITS.logChunkBytes / 100);
    expect(await inRedis()).toHaveLength(LIMITS.maxLiveLogEntries);
    expect(await everyLine()).toEqual(expected());
    await archiver.seal();
    expect(await inRedis()).toEqual([]);
    expect((await archive.read(deploymentId, 0)).flatMap(({ data }) => data.lines)).toEqual(expected());
  });

  it('misses nothing and repeats nothing when one worker goes on where another died', async () => {
    await write(newArchiver(), 250, LIMITS.logChunkBytes / 100);
    await write(null, 30, 0);
    const next = newArchiver();
    await write(next, 700, LIMITS.logChunkBytes / 100);
    expect(await everyLine()).toEqual(expected());
    await newArchiver().seal();
    expect(await everyLine()).toEqual(expected());
    expect(await inRedis()).toEqual([]);
  });

  it('that is sealed twice stays whole', async () => {
    await write(null, 20, 0);
    await newArchiver().seal();
    await write(null, 20, 0);
    await newArchiver().seal();
    expect(await everyLine()).toEqual(expected());
  });
});

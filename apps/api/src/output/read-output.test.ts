import { join } from 'node:path';
import type { OutputEvent } from '@switchyard/domain';
import type { OutputSource } from '@switchyard/queue';
import { fileBlobs, outputArchive } from '@switchyard/service';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../testing/running-api.ts';
import type { OutputSources } from './output-history.ts';
import { type OutputStart, readOutput } from './read-output.ts';

let api: RunningApi;
let source: OutputSource;
let sources: OutputSources;
let line: number;

beforeEach(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
  const deploymentId = await api.walk.deploy();
  const { environmentId } = api.walk.app;
  source = { environmentId, hostId: 'host_aaaaaa', instanceId: 'ins_aaaaaa', deploymentId };
  sources = { output: api.walk.store.output, outputArchive: outputArchive(fileBlobs(join(api.directory, 'blobs'))) };
  line = 0;
});
afterEach(() => api.close());

async function say(count: number, bytes = 0): Promise<void> {
  for (const last = line + count; line < last; line += 1) {
    const from = line === 0 ? null : { startedAt: 1, offset: line };
    const lines = [`line ${line + 1}${'.'.repeat(bytes)}`];
    const to = { startedAt: 1, offset: line + 1 };
    await api.walk.store.output.append(source, { at: Date.now(), lines, droppedLines: 0, from, to });
  }
}

/** What has been said so far is in blobs, in two chunks that overlap. */
async function archiveAll(): Promise<void> {
  const archive = outputArchive(fileBlobs(join(api.directory, 'blobs')));
  const events = await api.walk.store.output.read(source.environmentId, 0);
  await archive.append(source.environmentId, events.slice(0, -1));
  await archive.append(source.environmentId, events.slice(2));
}

async function read(start: OutputStart, follow = false, until = 0, signal = AbortSignal.timeout(10_000)) {
  const events: OutputEvent[] = [];
  const request = { start, follow, isWanted: () => true, isThere: () => Promise.resolve(true), signal };
  for await (const batch of readOutput(sources, source.environmentId, request)) {
    events.push(...batch.events);
    if (follow && events.length >= until) break;
  }
  return events;
}

const ids = (events: readonly OutputEvent[]): number[] => events.map(({ id }) => id);
const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('what has left Redis comes from blobs, each event once and in order', async () => {
  await say(6);
  await archiveAll();
  // Large ones, that push the first ones out of Redis.
  await say(20, 100_000);
  expect((await api.walk.store.output.read(source.environmentId, 0))[0]?.id).toBeGreaterThan(7);
  const live = ids(await api.walk.store.output.read(source.environmentId, 0));
  expect(ids(await read({ after: 0 }))).toEqual([...range(1, 6), ...live]);
  expect(ids(await read({ after: 4 }))).toEqual([...range(5, 6), ...live]);
  expect(ids(await read({ lines: 26 }))).toEqual([...range(1, 6), ...live]);
  expect(ids(await read({ lines: live.length + 2 }))).toEqual([...range(5, 6), ...live]);
  expect(ids(await read({ lines: 1 }))).toEqual([26]);
  expect(await read({ lines: 0 })).toEqual([]);
});

test('a follower gets what comes while the past is read, and nothing twice', async () => {
  await say(500);
  const following = read({ after: 0 }, true, 1_500);
  await say(1_000);
  expect(ids(await following)).toEqual(range(1, 1_500));
});

test('many lines of one event are cut to those that are asked for', async () => {
  const lines = ['a', 'b', 'c'];
  const to = { startedAt: 1, offset: 1 };
  await api.walk.store.output.append(source, { at: Date.now(), lines, droppedLines: 0, from: null, to });
  expect((await read({ lines: 2 })).map((event) => event.lines)).toEqual([['b', 'c']]);
});

test('a reader that knows events of a lost farm starts over', async () => {
  await say(3);
  expect(ids(await read({ after: 99 }))).toEqual(range(1, 3));
});

import type { DeploymentEvent, DeploymentId, LogEvent } from '@switchyard/domain';
import type { Lease, Store } from '@switchyard/queue';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from '../testing/running-api.ts';
import { type EventSources, history } from './history.ts';
import { readEvents } from './read-events.ts';

let api: RunningApi;
let id: DeploymentId;
let lease: Lease;
let line: number;

beforeEach(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
  id = await api.walk.deploy();
  await api.walk.walk(id, 'build');
  lease = await api.walk.lease(id, 'build');
  line = 0;
});
afterEach(() => api.close());

async function append(): Promise<void> {
  line += 1;
  await api.walk.store.events.appendLog(lease, {
    stage: 'build',
    attempt: 1,
    firstLine: line,
    lines: [`line ${line}`],
  });
}

async function archiveAll(): Promise<void> {
  const { events } = await api.walk.store.events.read(id, 0);
  const logs = events.filter((event): event is LogEvent => event.type === 'log');
  await api.archive.append(id, logs);
  await api.walk.store.events.trimLogs(id, logs.at(-1)?.id ?? 0);
}

/** The real sources, with something that happens at a chosen moment of the first reading. */
function sources(moments: {
  afterRecord?: () => Promise<void>;
  beforeRead?: () => Promise<void>;
  afterRead?: () => Promise<void>;
  listener?: (deliver: (event: DeploymentEvent | 'reread') => void) => (event: DeploymentEvent | 'reread') => void;
}): EventSources & { readonly readings: () => number } {
  const { store } = api.walk;
  let readings = 0;
  const once = async (moment: (() => Promise<void>) | undefined): Promise<void> => {
    if (readings <= 1) await moment?.();
  };
  const deployments: Store['deployments'] = {
    ...store.deployments,
    async get(deploymentId) {
      const record = await store.deployments.get(deploymentId);
      if (readings === 0) await moments.afterRecord?.();
      return record;
    },
  };
  const events: Store['events'] = {
    ...store.events,
    async read(deploymentId, afterId) {
      readings += 1;
      await once(moments.beforeRead);
      const answer = await store.events.read(deploymentId, afterId);
      await once(moments.afterRead);
      return answer;
    },
    subscribe: (deploymentId, listener) =>
      store.events.subscribe(deploymentId, moments.listener?.(listener) ?? listener),
  };
  return { store: { deployments, events }, archive: api.archive, readings: () => readings };
}

/** Ids from a reader until it has `upTo`. */
async function idsUpTo(from: EventSources, upTo: number, after = 0): Promise<number[]> {
  const stop = new AbortController();
  const ids: number[] = [];
  for await (const { events } of readEvents(from, id, { after, follow: true, signal: stop.signal })) {
    ids.push(...events.map((event) => event.id));
    if ((ids.at(-1) ?? 0) >= upTo) stop.abort();
  }
  return ids;
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const sequence = async (): Promise<number> => (await api.walk.get(id)).sequence;

test('an event between subscribing and reading comes once, without another reading', async () => {
  const before = await sequence();
  const from = sources({ afterRecord: append, beforeRead: append });
  expect(await idsUpTo(from, before + 2)).toEqual(upTo(before + 2));
  expect(from.readings()).toBe(1);
});

test('an event right after reading comes although it was not in it', async () => {
  const before = await sequence();
  expect(await idsUpTo(sources({ afterRead: append }), before + 1)).toEqual(upTo(before + 1));
});

test('an event whose message was lost is found by the gap behind it', async () => {
  const before = await sequence();
  let dropped = false;
  const from = sources({
    async afterRead() {
      await append();
      await append();
    },
    listener: (deliver) => (event) => {
      if (event !== 'reread' && event.id === before + 1 && !dropped) dropped = true;
      else deliver(event);
    },
  });
  expect(await idsUpTo(from, before + 2)).toEqual(upTo(before + 2));
  expect(dropped).toBe(true);
});

test('events during a broken connection to Redis are read when it is back', async () => {
  const before = await sequence();
  let isDeaf = true;
  let deliverTo: ((event: 'reread') => void) | undefined;
  const from = sources({
    async afterRead() {
      await append();
      await append();
      isDeaf = false;
      deliverTo?.('reread');
    },
    listener(deliver) {
      deliverTo = deliver;
      return (event) => {
        if (!isDeaf) deliver(event);
      };
    },
  });
  expect(await idsUpTo(from, before + 2)).toEqual(upTo(before + 2));
});

test('log events that move to blobs while they are read come once', async () => {
  for (let count = 0; count < 5; count += 1) await append();
  const before = await sequence();
  expect(await idsUpTo(sources({ afterRecord: archiveAll }), before)).toEqual(upTo(before));
});

test('a log event that is in blobs and is the newest one does not wait for the next', async () => {
  const before = await sequence();
  await append();
  await archiveAll();
  expect(await idsUpTo(sources({}), before + 1, before)).toEqual([before + 1]);
});

test('thousands of events while the past is read come in order', async () => {
  const before = await sequence();
  const from = sources({
    async afterRead() {
      for (let count = 0; count < 1_500; count += 1) await append();
    },
  });
  expect(await idsUpTo(from, before + 1_500)).toEqual(upTo(before + 1_500));
});

test('chunks that overlap, blobs and Redis are merged in order', async () => {
  for (let count = 0; count < 6; count += 1) await append();
  const { events } = await api.walk.store.events.read(id, 0);
  const logs = events.filter((event): event is LogEvent => event.type === 'log');
  await api.archive.append(id, logs.slice(0, 3));
  await api.archive.append(id, logs.slice(1, 5));
  await api.archive.append(id, logs.slice(0, 3));
  await api.walk.store.events.trimLogs(id, logs[1]?.id ?? 0);
  const ids: number[] = [];
  for await (const batch of history(sources({}), id, 0)) ids.push(...batch.events.map((event) => event.id));
  expect(ids).toEqual(upTo(await sequence()));
});

test('events that are gone for good are passed over', async () => {
  for (let count = 0; count < 4; count += 1) await append();
  const last = await sequence();
  await api.walk.store.events.trimLogs(id, last - 1);
  const ids = await idsUpTo(sources({}), last);
  expect(ids.at(-1)).toBe(last);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
});

test('without following it ends with what there is', async () => {
  const ids: number[] = [];
  const never = new AbortController().signal;
  for await (const { events } of readEvents(sources({}), id, { after: 0, follow: false, signal: never }))
    ids.push(...events.map((event) => event.id));
  expect(ids).toEqual(upTo(await sequence()));
});

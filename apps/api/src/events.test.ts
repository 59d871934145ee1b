import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { DeploymentEvent, DeploymentId, LogEvent } from '@switchyard/domain';
import { LIMITS } from '@switchyard/domain';
import type { Lease } from '@switchyard/queue';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from './testing/running-api.ts';

let api: RunningApi;
let id: DeploymentId;

beforeEach(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
  id = await api.walk.deploy();
});
afterEach(() => api.close());

/** Numbers between 0 and 1 that a seed repeats. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const metrics = async (): Promise<string> => await (await api.ask('/metrics')).text();

async function appendLines(lease: Lease, firstLine: number, lines: readonly string[]): Promise<void> {
  const { store } = api.walk;
  expect(await store.events.appendLog(lease, { stage: 'build', attempt: 1, firstLine, lines })).not.toBeNull();
}

/** What a worker does with a chunk that is full: first to blobs, then out of Redis. */
async function archiveAll(): Promise<void> {
  const { store } = api.walk;
  const { events } = await store.events.read(id, 0);
  const logs = events.filter((event): event is LogEvent => event.type === 'log');
  const last = logs.at(-1);
  if (last === undefined) return;
  await api.archive.append(id, logs);
  await store.events.trimLogs(id, last.id);
}

/** Reads events over one raw connection, until it ends or `until` says so; then cuts it. */
async function readOnce(
  after: number,
  until: (event: DeploymentEvent) => boolean,
): Promise<{ status: number; events: DeploymentEvent[] }> {
  const request = get(`${api.url}/v1/deployments/${id}/events`, {
    headers: { authorization: `Bearer ${api.token}`, ...(after > 0 ? { 'last-event-id': String(after) } : {}) },
    agent: false,
  });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const events: DeploymentEvent[] = [];
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response.iterator({ destroyOnReturn: true })) {
    text += chunk as string;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data === undefined) continue;
      const event = JSON.parse(data) as DeploymentEvent;
      expect(frame).toContain(`id: ${event.id}\nevent: ${event.type}\n`);
      events.push(event);
      if (until(event)) {
        request.destroy();
        return { status: response.statusCode ?? 0, events };
      }
    }
  }
  return { status: response.statusCode ?? 0, events };
}

const isEnd = (event: DeploymentEvent): boolean => event.type === 'deployment.ended';

describe('an event stream', () => {
  test('that is cut at arbitrary points while events and logs come misses nothing and repeats nothing', async () => {
    const random = seeded(20_261_124);
    const write = (async () => {
      await api.walk.walk(id, 'build');
      const lease = await api.walk.lease(id, 'build');
      for (let line = 1; line <= 400; ) {
        const lines = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, index) => `line ${line + index}`);
        await appendLines(lease, line, lines);
        line += lines.length;
        if (random() < 0.1) await archiveAll();
        if (random() < 0.3) await pause(1);
      }
      await archiveAll();
      await api.walk.store.chain.finish(lease, { kind: 'succeeded' });
      await api.walk.walk(id, null);
    })();

    const seen: DeploymentEvent[] = [];
    let connections = 0;
    while (seen.at(-1)?.type !== 'deployment.ended') {
      const stopAfter = Math.floor(random() * 12);
      let count = 0;
      const { status, events } = await readOnce(seen.at(-1)?.id ?? 0, () => ++count > stopAfter);
      expect(status).toBe(200);
      seen.push(...events);
      connections += 1;
    }
    await write;

    expect(connections).toBeGreaterThan(10);
    const { sequence } = await api.walk.get(id);
    expect(seen.map((event) => event.id)).toEqual(Array.from({ length: sequence }, (_, index) => index + 1));
    const lines = seen.flatMap((event) => (event.type === 'log' ? event.data.lines : []));
    expect(lines).toEqual(lines.map((_, index) => `line ${index + 1}`));
    expect(lines.length).toBeGreaterThanOrEqual(400);
  });

  test('many at once all get everything, in order, whenever they came', async () => {
    await api.walk.walk(id, 'build');
    const lease = await api.walk.lease(id, 'build');
    const readers: Promise<{ events: DeploymentEvent[] }>[] = [];
    for (let line = 1; line <= 60; line += 1) {
      readers.push(readOnce(0, isEnd));
      await appendLines(lease, line, [`line ${line}`]);
      if (line % 20 === 0) await archiveAll();
    }
    await api.walk.store.chain.finish(lease, { kind: 'succeeded' });
    await api.walk.walk(id, null);
    const { sequence } = await api.walk.get(id);
    const all = Array.from({ length: sequence }, (_, index) => index + 1);
    for (const { events } of await Promise.all(readers)) expect(events.map((event) => event.id)).toEqual(all);
  });

  test('gives everything long after, from blobs and Redis, and ends by itself', async () => {
    await api.walk.walk(id, 'build');
    const lease = await api.walk.lease(id, 'build');
    for (let line = 1; line <= 20; line += 1) {
      await appendLines(lease, line, [`line ${line}`]);
      if (line === 7 || line === 14) await archiveAll();
    }
    await api.walk.store.chain.finish(lease, { kind: 'succeeded' });
    await api.walk.walk(id, null);
    await archiveAll();
    const { sequence } = await api.walk.get(id);
    for (let after = 0; after < sequence; after += 1) {
      const { events } = await readOnce(after, () => false);
      expect(events.map((event) => event.id)).toEqual(
        Array.from({ length: sequence - after }, (_, index) => after + index + 1),
      );
    }
    expect((await api.ask(`/v1/deployments/${id}/events?after=${sequence}`)).status).toBe(204);
    expect((await api.ask(`/v1/deployments/${id}/events`, { method: 'HEAD' })).status).toBe(200);
  });

  test('takes the last id from the query too; the header wins', async () => {
    await api.walk.walk(id, null);
    const text = await (await api.ask(`/v1/deployments/${id}/events?after=3`)).text();
    expect(text).toMatch(/^retry: \d+\n\nid: 4\n/);
    const resumed = await (
      await api.ask(`/v1/deployments/${id}/events?after=3`, { headers: { 'last-event-id': '5' } })
    ).text();
    expect(resumed).toMatch(/^retry: \d+\n\nid: 6\n/);
    expect((await api.ask(`/v1/deployments/${id}/events`, { headers: { 'last-event-id': 'x' } })).status).toBe(400);
    expect((await api.ask('/v1/deployments/dep_aaaaaaaaaaaaaaaa/events')).status).toBe(404);
  });

  test('that has nothing to say yet is open at once', async () => {
    const { sequence } = await api.walk.get(id);
    const response = await api.ask(`/v1/deployments/${id}/events?after=${sequence}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toContain('no-transform');
    await response.body?.cancel();
  });

  test('ends when the api stops, so that readers go to the next one, and holds up nothing', async () => {
    const { sequence } = await api.walk.get(id);
    const readers = [1, 2, 3].map(() => readOnce(sequence, () => false));
    await expect.poll(metrics).toMatch(/^switchyard_sse_readers\{[^}]*\} 3$/m);
    await api.stop();
    for (const { events } of await Promise.all(readers)) expect(events).toEqual([]);
  });

  test('a reader that takes nothing is cut, delays nobody, and may resume', async () => {
    await api.walk.walk(id, 'build');
    const lease = await api.walk.lease(id, 'build');
    const { sequence } = await api.walk.get(id);
    const request = get(`${api.url}/v1/deployments/${id}/events?after=${sequence}`, {
      headers: { authorization: `Bearer ${api.token}` },
      agent: false,
    });
    const [stalled] = (await once(request, 'response')) as [IncomingMessage];
    stalled.on('error', () => undefined);
    stalled.pause();
    const ahead = readOnce(sequence, (event) => event.type === 'log' && event.data.lines[0] === 'last');
    const lines = [Buffer.alloc(LIMITS.logBatchBytes - 64, 'x').toString()];
    // Sockets of both ends take some megabytes before anything backs up here.
    let line = 1;
    const isCut = async (): Promise<boolean> => /^switchyard_sse_readers\{[^}]*\} 1$/m.test(await metrics());
    for (; line < 2_000 && !(line % 50 === 0 && (await isCut())); line += 1) await appendLines(lease, line, lines);
    expect(line).toBeLessThan(2_000);
    await appendLines(lease, line, ['last']);
    const { events } = await ahead;
    expect(events.map((event) => event.id)).toEqual(events.map((_, index) => sequence + 1 + index));
    request.destroy();
    const { events: resumed } = await readOnce(
      sequence,
      (event) => event.type === 'log' && event.data.lines[0] === 'last',
    );
    expect(resumed.map((event) => event.id)).toEqual(events.map((event) => event.id));
  });
});

describe('logs', () => {
  const textOf = async (query = ''): Promise<string> =>
    await (await api.ask(`/v1/deployments/${id}/logs${query}`)).text();

  async function build(lines: readonly string[]): Promise<Lease> {
    await api.walk.walk(id, 'build');
    const lease = await api.walk.lease(id, 'build');
    for (const [index, line] of lines.entries()) await appendLines(lease, index + 1, [line]);
    return lease;
  }

  test('are lines and nothing else, during and after, from Redis and from blobs', async () => {
    const lease = await build(['one', 'two', '\u001B[31mred\u001B[0m', 'a\r\nb', '']);
    const expected = 'one\ntwo\n\u001B[31mred\u001B[0m\na b\n\n';
    expect(await textOf()).toBe(expected);
    await archiveAll();
    expect(await textOf()).toBe(expected);
    await api.walk.store.chain.finish(lease, { kind: 'succeeded' });
    await api.walk.walk(id, null);
    expect(await textOf()).toBe(expected);
    expect(await textOf('?stage=build')).toBe(expected);
    expect(await textOf('?stage=install')).toBe('');
    const response = await api.ask(`/v1/deployments/${id}/logs`);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  test('hold every attempt, one after the other; as events they say which', async () => {
    const first = await build(['first']);
    await api.walk.store.chain.finish(first, { kind: 'handed_back' });
    const second = await api.walk.lease(id, 'build');
    await api.walk.store.events.appendLog(second, { stage: 'build', attempt: 2, firstLine: 1, lines: ['second'] });
    expect(await textOf('?stage=build')).toBe('first\nsecond\n');
    const response = await api.ask(`/v1/deployments/${id}/logs`, { headers: { accept: 'application/x-ndjson' } });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    const events = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as LogEvent);
    expect(events.map(({ data }) => [data.attempt, data.firstLine, data.lines])).toEqual([
      [1, 1, ['first']],
      [2, 1, ['second']],
    ]);
  });

  test('that are followed end with the stage, or with the deployment', async () => {
    const lease = await build(['one']);
    const ofStage = textOf('?stage=build&follow=1');
    const ofAll = textOf('?follow');
    await expect.poll(metrics).toMatch(/^switchyard_sse_readers\{[^}]*\} 2$/m);
    await appendLines(lease, 2, ['two']);
    await api.walk.store.chain.finish(lease, { kind: 'succeeded' });
    expect(await ofStage).toBe('one\ntwo\n');
    const next = await api.walk.lease(id, 'migrate');
    await api.walk.store.events.appendLog(next, { stage: 'migrate', attempt: 1, firstLine: 1, lines: ['three'] });
    await api.walk.store.chain.finish(next, { kind: 'succeeded' });
    await api.walk.walk(id, null);
    expect(await ofAll).toBe('one\ntwo\nthree\n');
    expect(await textOf('?stage=build&follow=1')).toBe('one\ntwo\n');
  });

  test('of an unknown stage or deployment are refused', async () => {
    expect((await api.ask(`/v1/deployments/${id}/logs?stage=deploy`)).status).toBe(400);
    expect((await api.ask('/v1/deployments/dep_aaaaaaaaaaaaaaaa/logs')).status).toBe(404);
  });
});

test('the client’s tail survives an api that goes and comes back', async () => {
  const seen: number[] = [];
  const tail = (async () => {
    for await (const event of api.client.events(id)) seen.push(event.id);
  })();
  await expect.poll(() => seen.length).toBeGreaterThan(0);
  await api.walk.walk(id, null);
  await tail;
  const { sequence } = await api.walk.get(id);
  expect(seen).toEqual(Array.from({ length: sequence }, (_, index) => index + 1));
});

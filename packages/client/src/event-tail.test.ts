import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DeploymentEvent } from '@switchyard/domain';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, createClient } from './client.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let server: Server;
let client: Client;
/** What the server does with the first, second … connection; the last one repeats. */
let answers: Answer[];
let connections: { lastEventId: string | undefined }[];

beforeEach(async () => {
  connections = [];
  answers = [];
  server = createServer((request, response) => {
    const answer = answers[Math.min(connections.length, answers.length - 1)];
    const header = request.headers['last-event-id'];
    connections.push({ lastEventId: typeof header === 'string' ? header : undefined });
    answer?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = createClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, token: 'secret' });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const ID = 'dep_aaaaaaaaaaaaaaaa';
const frame = (id: number, type = 'stage.started', data: object = { stage: 'build', attempt: id }): string =>
  `id: ${id}\nevent: ${type}\ndata: ${JSON.stringify({ id, type, at: 0, deploymentId: ID, data })}\n\n`;
const END = 'deployment.ended';
const ended = (id: number): string => frame(id, END, { outcome: 'succeeded' });

const stream =
  (text: string, then: 'end' | 'cut' | 'stay' = 'end'): Answer =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text, () => {
      if (then === 'end') response.end();
      if (then === 'cut') response.destroy();
    });
  };

const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Answer =>
  (_request, response) => {
    const fault = status >= 500 ? 'transient' : 'user';
    response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
    response.end(JSON.stringify({ type: 'x', title: 'x', status, detail: `detail of ${code}`, code, fault }));
  };

async function idsOf(tail: AsyncIterable<DeploymentEvent>): Promise<number[]> {
  const ids: number[] = [];
  for await (const event of tail) ids.push(event.id);
  return ids;
}

test('goes on after the last event when the connection is cut, in the middle of an event too', async () => {
  answers = [
    stream(`${frame(1)}${frame(2)}${frame(3).slice(0, 40)}`, 'cut'),
    stream(`retry: 5\n\n: hello\n\n${frame(3)}`),
    stream(`${frame(4)}${ended(5)}`),
  ];
  const states: string[] = [];
  expect(await idsOf(client.events(ID, { onConnection: (state) => states.push(state) }))).toEqual([1, 2, 3, 4, 5]);
  expect(connections.map(({ lastEventId }) => lastEventId)).toEqual([undefined, '2', '3']);
  expect(states).toEqual(['open', 'lost', 'open', 'lost', 'open']);
});

test('gives an event that comes twice once', async () => {
  answers = [stream(`${frame(1)}${frame(2)}`, 'cut'), stream(`${frame(1)}${frame(2)}${frame(2)}${ended(3)}`)];
  expect(await idsOf(client.events(ID))).toEqual([1, 2, 3]);
});

test('starts after the event that is known, and ends at once when that was the last', async () => {
  answers = [(_request, response) => void response.writeHead(204).end()];
  expect(await idsOf(client.events(ID, { after: 7 }))).toEqual([]);
  expect(connections).toEqual([{ lastEventId: '7' }]);
});

test('comes back after a 503, and after nothing answered at all', async () => {
  answers = [
    problem(503, 'redis-unavailable', { 'retry-after': '1' }),
    (request) => void request.socket.destroy(),
    (_request, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
    stream(ended(1)),
  ];
  expect(await idsOf(client.events(ID))).toEqual([1]);
  expect(connections).toHaveLength(4);
});

test('gives up where another try cannot help', async () => {
  answers = [problem(404, 'deployment-not-found')];
  await expect(idsOf(client.events(ID))).rejects.toMatchObject({ code: 'deployment-not-found', status: 404 });
  expect(connections).toHaveLength(1);
});

test('passes over types of event that it does not know', async () => {
  answers = [stream(`${frame(1, 'stage.danced', { stage: 'build' })}${frame(2)}${ended(3)}`)];
  expect(await idsOf(client.events(ID))).toEqual([2, 3]);
});

test('ends without an error when it is told to, while connected and while waiting', async () => {
  for (const answer of [stream(frame(1), 'stay'), problem(503, 'redis-unavailable')]) {
    answers = [answer];
    const stop = new AbortController();
    const ended = idsOf(
      client.events(ID, { signal: stop.signal, onConnection: () => setImmediate(() => stop.abort()) }),
    );
    await expect(ended).resolves.toBeInstanceOf(Array);
  }
});

test('takes characters that are split between packets whole', async () => {
  const bytes = Buffer.from(
    `${frame(1, 'log', { stage: 'build', attempt: 1, firstLine: 1, lines: ['größer → ✓ 🚀'] })}${ended(2)}`,
  );
  answers = [
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) response.write(Buffer.from([byte]));
      response.end();
    },
  ];
  const events: DeploymentEvent[] = [];
  for await (const event of client.events(ID)) events.push(event);
  expect(events[0]).toMatchObject({ data: { lines: ['größer → ✓ 🚀'] } });
});

test('an answer that is no problem document is worded; nothing that answers is worded too', async () => {
  answers = [(_request, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>no</h1>')];
  await expect(client.app('hello')).rejects.toMatchObject({ status: 404, code: 'unexpected-answer' });
  const nobody = createClient({ baseUrl: 'http://127.0.0.1:1' });
  await expect(nobody.listApps()).rejects.toMatchObject({ status: 0, code: 'unreachable', isTransient: true });
});

test('says when to come back, and never shows the token', async () => {
  answers = [problem(429, 'too-many-deployments', { 'retry-after': '10' })];
  const error: unknown = await client.deploy('hello').catch((reason: unknown) => reason);
  expect(error).toMatchObject({ retryAfterMs: 10_000, isTransient: true, message: 'detail of too-many-deployments' });
  expect(JSON.stringify(error)).not.toContain('secret');
});

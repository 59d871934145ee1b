import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { createTransport, type Transport } from './transport.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** An api whose answers are given one after the other; the last one stays. Answers also the keys that it was sent. */
async function api(...answers: ((request: IncomingMessage, response: ServerResponse) => void)[]) {
  const keys: (string | undefined)[] = [];
  server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key']?.toString());
    const answer = answers[Math.min(keys.length, answers.length) - 1];
    request.resume().on('end', () => answer?.(request, response));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { keys, send: createTransport({ baseUrl }) satisfies Transport };
}

const breaks = (request: IncomingMessage): void => void request.socket.destroy();
const fine = (_request: IncomingMessage, response: ServerResponse): void => void response.end('{}');
const busy = (_request: IncomingMessage, response: ServerResponse): void =>
  void response.writeHead(409, { 'content-type': 'application/problem+json' }).end(
    JSON.stringify({
      type: 'about:blank',
      title: 'busy',
      status: 409,
      detail: 'busy',
      code: 'request-in-progress',
      fault: 'transient',
    }),
  );

it('a POST whose connection breaks is sent again under the same key', async () => {
  const { keys, send } = await api(breaks, busy, fine);
  expect((await send('/v1/apps', { method: 'POST', body: {} })).status).toBe(200);
  expect(keys).toHaveLength(3);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(keys).size).toBe(1);
});

it('two POSTs have two keys, and a read has none', async () => {
  const { keys, send } = await api(fine);
  await send('/v1/apps', { method: 'POST' });
  await send('/v1/apps', { method: 'POST' });
  await send('/v1/apps');
  expect(new Set(keys).size).toBe(3);
  expect(keys[2]).toBeUndefined();
});

it('a read whose connection breaks is sent again', async () => {
  const { keys, send } = await api(breaks, fine);
  expect((await send('/v1/apps')).status).toBe(200);
  expect(keys).toHaveLength(2);
});

it.each(['PUT', 'PATCH', 'DELETE'] as const)('a %s whose connection breaks is not sent again', async (method) => {
  const { keys, send } = await api(breaks, fine);
  await expect(send('/v1/apps', { method, body: {} })).rejects.toMatchObject({ code: 'unreachable' });
  expect(keys).toHaveLength(1);
});

it('what another one’s request has in progress is told at once', async () => {
  const { keys, send } = await api(busy);
  await expect(send('/v1/apps', { method: 'POST' })).rejects.toMatchObject({ code: 'request-in-progress' });
  expect(keys).toHaveLength(1);
});

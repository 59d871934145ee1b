import { EventEmitter, once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openEgress } from './egress.ts';
import { fetchThrough } from './fetch.ts';
import { type ForwardProxy, openForwardProxy } from './forward-proxy.ts';
import { proxyFor } from './proxy-settings.ts';

let target: Server;
let proxy: Server;
let targetPort: number;
let proxyPort: number;
/** What the operator's proxy was asked for. */
const asked: { line: string; authorization: string | undefined }[] = [];

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return z.object({ port: z.int() }).parse(server.address()).port;
}

beforeAll(async () => {
  target = createServer((question, response) => response.end(`${question.headers.host} ${question.url}`));
  targetPort = await listen(target);
  // Resolves names as only it can: every host is the target.
  proxy = createServer((question, response) => {
    asked.push({ line: `${question.method} ${question.url}`, authorization: question.headers['proxy-authorization'] });
    const onward = request({ port: targetPort, path: new URL(question.url ?? '').pathname, headers: question.headers });
    onward.on('response', (answer) => answer.pipe(response)).end();
  });
  proxy.on('connect', (question, socket) => {
    asked.push({ line: `CONNECT ${question.url}`, authorization: question.headers['proxy-authorization'] });
    const far = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(far).pipe(socket);
    });
    far.on('error', () => socket.destroy());
    socket.on('error', () => far.destroy());
  });
  proxyPort = await listen(proxy);
});

afterAll(async () => {
  for (const server of [target, proxy]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const settings = () => ({
  HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${proxyPort}`,
  HTTP_PROXY: `http://127.0.0.1:${proxyPort}`,
  NO_PROXY: '127.0.0.1, .internal.test',
});
const AUTHORIZATION = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;

describe('the operator’s proxy', () => {
  test('is gone through for a name that only it can resolve, and shown its password', async () => {
    const egress = openEgress({ allowPrivate: [], proxies: settings() });
    asked.length = 0;
    const socket = await egress.connect({ protocol: 'https:', host: 'git.example.invalid', port: 443 });
    socket.destroy();
    expect(asked).toEqual([{ line: 'CONNECT git.example.invalid:443', authorization: AUTHORIZATION }]);
  });

  test('is not gone through to a private address', async () => {
    const egress = openEgress({ allowPrivate: [], proxies: { ...settings(), NO_PROXY: '' } });
    asked.length = 0;
    for (const host of ['10.0.0.1', 'localhost', '::1'])
      await expect(egress.connect({ protocol: 'https:', host, port: 443 })).rejects.toMatchObject({
        code: 'source-address-refused',
      });
    expect(asked).toEqual([]);
  });

  test.each([
    ['https:', 'git.example.test', 443, true],
    ['http:', 'git.example.test', 80, true],
    ['https:', 'git.internal.test', 443, false],
    ['https:', 'internal.test', 443, false],
    ['https:', 'notinternal.test', 443, true],
    ['https:', '127.0.0.1', 443, false],
  ] as const)('for %s//%s: %#', (protocol, host, port, isUsed) => {
    expect(proxyFor(settings(), { protocol, host, port }) !== null).toBe(isUsed);
  });

  test('is named in either spelling, with a port in the exception or without', () => {
    const to = { protocol: 'https:', host: 'a.test', port: 8443 } as const;
    expect(proxyFor({ https_proxy: 'proxy.test:3128' }, to)?.url.href).toBe('http://proxy.test:3128/');
    expect(proxyFor({ https_proxy: 'proxy.test:3128', no_proxy: 'a.test:8443' }, to)).toBeNull();
    expect(proxyFor({ https_proxy: 'proxy.test:3128', no_proxy: 'a.test:443' }, to)).not.toBeNull();
    expect(proxyFor({ https_proxy: 'proxy.test:3128', no_proxy: '*' }, to)).toBeNull();
    expect(proxyFor({}, to)).toBeNull();
  });
});

describe('the proxy of one command', () => {
  let own: ForwardProxy;

  /** Asks as a command does: with the whole address. */
  const ask = (address: string): Promise<{ status: number | undefined; body: string }> =>
    new Promise((resolve, reject) => {
      const asking = request({ port: new URL(own.url).port, path: address, headers: { host: new URL(address).host } });
      asking.on('response', (answer) => void text(answer).then((body) => resolve({ status: answer.statusCode, body })));
      asking.on('error', reject).end();
    });

  test('passes plain http on, refuses private addresses, and remembers why', async () => {
    own = await openForwardProxy(openEgress({ allowPrivate: ['127.0.0.1'], proxies: {} }));
    expect(await ask(`http://127.0.0.1:${targetPort}/a?b`)).toEqual({
      status: 200,
      body: `127.0.0.1:${targetPort} /a?b`,
    });
    expect(own.refusal).toBeNull();
    expect((await ask(`http://localhost:${targetPort}/a`)).status).toBe(403);
    expect(own.refusal).toMatchObject({ code: 'source-address-refused' });
    await own.close();
  });

  test('passes plain http on through the operator’s proxy', async () => {
    own = await openForwardProxy(openEgress({ allowPrivate: [], proxies: settings() }));
    asked.length = 0;
    expect(await ask('http://git.example.invalid/a')).toMatchObject({ status: 200, body: 'git.example.invalid /a' });
    expect(asked.map(({ line }) => line)).toEqual(['GET http://git.example.invalid/a']);
    await own.close();
  });
});

test('a connection that comes when the command is gone is closed', async () => {
  const egress = openEgress({ allowPrivate: ['127.0.0.1'], proxies: {} });
  const connections = () => new Promise<number>((resolve) => target.getConnections((_, count) => resolve(count)));
  for (const line of [`CONNECT 127.0.0.1:${targetPort} HTTP/1.1`, `GET http://127.0.0.1:${targetPort}/ HTTP/1.1`]) {
    const gate = new EventEmitter();
    const own = await openForwardProxy({
      ...egress,
      async connect(to) {
        setImmediate(() => gate.emit('reached'));
        await once(gate, 'open');
        return await egress.connect(to);
      },
    });
    const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${line}\r\nHost: 127.0.0.1\r\n\r\n`);
    await once(gate, 'reached');
    await expect.poll(connections).toBe(0);
    await own.close();
    const arrived = once(target, 'connection');
    gate.emit('open');
    await arrived;
    await expect.poll(connections, { timeout: 20_000 }).toBe(0);
    socket.destroy();
  }
});

test('an operator’s proxy that takes a connection and says nothing is given up', async () => {
  const silent = createServer();
  const taken: Duplex[] = [];
  silent.on('connect', (_, socket) => void taken.push(socket));
  const port = await listen(silent);
  const egress = openEgress({
    allowPrivate: [],
    proxies: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
    connectTimeoutMs: 300,
  });
  await expect(egress.connect({ protocol: 'https:', host: 'git.example.invalid', port: 443 })).rejects.toMatchObject({
    code: 'source-unreachable',
    message: expect.stringContaining('no answer in time'),
  });
  for (const socket of taken) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

test('a redirect is checked like the first address', async () => {
  const redirecting = createServer((_, response) => {
    response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end();
  });
  const port = await listen(redirecting);
  const egress = openEgress({ allowPrivate: ['127.0.0.1'], proxies: {} });
  await expect(
    fetchThrough(egress, new URL(`http://127.0.0.1:${port}/`), { method: 'GET', certificates: null }),
  ).rejects.toMatchObject({ code: 'source-address-refused' });
  redirecting.closeAllConnections();
  await new Promise((resolve) => redirecting.close(resolve));
});

describe('a name that leads elsewhere when it is asked for again', () => {
  const leading = (...answers: string[][]) => {
    const asked: string[] = [];
    const egress = openEgress({
      allowPrivate: [],
      proxies: {},
      lookUp: async (host) => {
        asked.push(host);
        return answers.shift() ?? [];
      },
      // This machine stands for the internet here, and its neighbour for what is private.
      isPrivate: (address) => address !== '127.0.0.1',
    });
    return { egress, asked };
  };
  const question = () =>
    ({
      url: new URL(`http://rebound.example.test:${targetPort}/`),
      rest: { method: 'GET', certificates: null },
    }) as const;

  test('is connected to where it was checked to lead', async () => {
    const { egress, asked: names } = leading(['127.0.0.1'], ['127.0.0.2']);
    const { url, rest } = question();
    expect(await text(await fetchThrough(egress, url, rest))).toBe(`rebound.example.test:${targetPort} /`);
    expect(names).toEqual(['rebound.example.test']);
    await expect(fetchThrough(egress, url, rest)).rejects.toMatchObject({ code: 'source-address-refused' });
  });

  test('is connected to at its allowed addresses alone', async () => {
    const { egress } = leading(['127.0.0.2', '127.0.0.1']);
    expect(await egress.resolve('rebound.example.test')).toEqual(['127.0.0.1']);
  });
});

test('an attempt to connect ends when it is given up', async () => {
  const egress = openEgress({ allowPrivate: 'all', proxies: {} });
  await expect(
    egress.connect({ protocol: 'http:', host: '127.0.0.1', port: targetPort, signal: AbortSignal.abort() }),
  ).rejects.toThrow(/abort/);
});

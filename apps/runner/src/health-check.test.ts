import { createServer, type RequestListener } from 'node:http';
import { createServer as createRawServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { checkHealth } from './health-check.ts';
import type { Address } from './reachable-address.ts';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listening(server: Server): Promise<Address> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP address was expected');
  return { host: '127.0.0.1', port: address.port };
}

const http = (listener: RequestListener): Promise<Address> => listening(createServer(listener));
const raw = (onConnection: (socket: Socket) => void): Promise<Address> => listening(createRawServer(onConnection));

it('asks the path that is set, as visitors would, and is content with 2xx', async () => {
  let asked = '';
  const address = await http(({ url, headers }, response) => {
    asked = `${url} ${headers.host}`;
    response.statusCode = 204;
    response.end();
  });
  expect(await checkHealth(address, '/up?deep', 'shop.localhost:7080')).toMatchObject({ healthy: true, status: 204 });
  expect(asked).toBe('/up?deep shop.localhost:7080');
});

it('does not follow redirects', async () => {
  const address = await http((_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' });
    response.end();
  });
  expect(await checkHealth(address, '/up', 'shop.localhost')).toMatchObject({ healthy: true, status: 302 });
});

it('goes through the guessed paths and takes a 404 on / for an app that serves only an API', async () => {
  const asked: (string | undefined)[] = [];
  const address = await http(({ url }, response) => {
    asked.push(url);
    response.statusCode = 404;
    response.end();
  });
  expect(await checkHealth(address, null, 'shop.localhost')).toMatchObject({ healthy: true, path: '/', status: 404 });
  expect(asked).toEqual(['/health', '/healthz', '/']);
});

it('does not wait for the end of an endless answer', async () => {
  const address = await http((_request, response) => {
    response.write('and so on');
  });
  expect(await checkHealth(address, null, 'shop.localhost')).toMatchObject({ healthy: true, path: '/health' });
});

it('tells apart what refuses, what speaks another protocol, and what breaks off', async () => {
  const gone = await raw(() => undefined);
  await ends.pop()?.();
  expect(await checkHealth(gone, null, 'h')).toMatchObject({ healthy: false, failure: 'nothing-listens' });
  const other = await raw((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  expect(await checkHealth(other, null, 'h')).toMatchObject({ healthy: false, failure: 'not-http' });
  const breaks = await raw((socket) => void socket.destroy());
  expect(await checkHealth(breaks, null, 'h')).toMatchObject({ healthy: false, failure: 'nothing-listens' });
});

it('gives up on what accepts and says nothing', async () => {
  const address = await raw((socket) => void socket.resume());
  expect(await checkHealth(address, '/up', 'h')).toMatchObject({ healthy: false, failure: 'too-slow', path: '/up' });
});

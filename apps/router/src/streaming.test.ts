import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as ask, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  collect,
  follow,
  httpInstance,
  RouterUnderTest,
  rawInstance,
  type TestInstance,
} from './testing/router-under-test.ts';

const MiB = 1024 * 1024;
let router: RouterUnderTest;
let instance: TestInstance | null = null;

beforeEach(async () => {
  router = await RouterUnderTest.start();
});

afterEach(async () => {
  await router.close();
  await instance?.close();
  instance = null;
});

function serve(started: TestInstance): void {
  instance = started;
  router.use({ host: 'app.localhost', instances: { 1: [started.port] } });
}

const options = (method: string, headers: Record<string, string> = {}) => ({
  host: '127.0.0.1',
  port: router.port,
  method,
  path: '/',
  headers: { host: 'app.localhost', ...headers },
  agent: false as const,
});

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

it.each(['with its length', 'in chunks'])('64 MiB go up and come back unchanged, sent %s', async (how) => {
  serve(
    await httpInstance((request, response) => {
      const length = request.headers['content-length'];
      if (length !== undefined) response.setHeader('content-length', length);
      request.pipe(response);
    }),
  );
  const block = randomBytes(MiB);
  const blocks = Array.from({ length: 64 }, () => block);
  const outgoing = ask(options('POST', how === 'in chunks' ? {} : { 'content-length': String(64 * MiB) }));
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  const sent = pipeline(Readable.from(blocks), outgoing);
  const [answer] = await answered;
  expect(answer.statusCode).toBe(200);
  expect(await bytesOf(answer)).toBe(await bytesOf(Readable.from(blocks)));
  await sent;
});

it('what an instance writes reaches the visitor at once, not when the answer ends', async () => {
  let more: (text: string) => void = () => undefined;
  serve(
    await httpInstance((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      more = (text) => void response.write(text);
    }),
  );
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
  await expect.poll(seen).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
  more('data: 1\n\n');
  await expect.poll(seen).toContain('data: 1\n\n');
  more('data: 2\n\n');
  await expect.poll(seen).toContain('data: 2\n\n');
  socket.destroy();
});

it('a visitor that does not read holds the instance up instead of filling memory', async () => {
  let written = 0;
  serve(
    await httpInstance((_request, response) => {
      const chunk = Buffer.alloc(64 * 1024);
      const write = (): void => {
        while (written < 256 * MiB) {
          written += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', write);
            return;
          }
        }
        response.end();
      };
      write();
    }),
  );
  const socket = router.connect();
  socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
  socket.pause();
  let before = -1;
  await expect
    .poll(
      () => {
        const stands = written === before && written > 0;
        before = written;
        return stands;
      },
      { interval: 200 },
    )
    .toBe(true);
  // What the kernel's buffers of two connections hold, and some.
  expect(written).toBeLessThan(32 * MiB);
  socket.destroy();
});

it('an instance that does not read holds the visitor up', async () => {
  serve(await rawInstance((socket) => void socket.pause()));
  const socket = router.connect();
  socket.write(`POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: ${256 * MiB}\r\n\r\n`);
  const chunk = Buffer.alloc(64 * 1024);
  let written = 0;
  const write = (): void => {
    while (written < 256 * MiB && socket.write(chunk)) written += chunk.length;
    socket.once('drain', write);
  };
  write();
  let before = -1;
  await expect
    .poll(
      () => {
        const stands = written === before && written > 0;
        before = written;
        return stands;
      },
      { interval: 200 },
    )
    .toBe(true);
  expect(written).toBeLessThan(32 * MiB);
  socket.destroy();
});

it('a visitor that goes ends what the instance does for it', async () => {
  let closed = false;
  serve(
    await httpInstance((_request, response) => {
      response.write('begun');
      response.once('close', () => {
        closed = true;
      });
    }),
  );
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
  await expect.poll(seen).toContain('begun');
  socket.destroy();
  await expect.poll(() => closed).toBe(true);
  await expect.poll(() => router.registry.getSingleMetricAsString('switchyard_router_in_flight')).toContain(' 0');
});

it('a visitor that goes in the middle of its body ends the request at the instance', async () => {
  let broken = false;
  let begun = false;
  serve(
    await httpInstance((request) => {
      request.on('data', () => {
        begun = true;
      });
      request.on('error', () => {
        broken = true;
      });
    }),
  );
  const socket = router.connect();
  socket.write('POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 100\r\n\r\nhalf');
  await expect.poll(() => begun).toBe(true);
  socket.destroy();
  await expect.poll(() => broken).toBe(true);
});

it('an instance that breaks off within its answer: the visitor sees that it is not whole', async () => {
  serve(
    await rawInstance((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.destroy());
      });
    }),
  );
  const outgoing = ask(options('GET'));
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  await expect(bytesOf(answer)).rejects.toThrow('aborted');
});

it('an answer that ends with its connection is passed on whole', async () => {
  serve(
    await rawInstance((socket) => {
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it'));
    }),
  );
  const answer = await router.exchange('GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n');
  expect(answer).toContain('all of it');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

it('an instance may answer before it has read the body, and the visitor gets the answer', async () => {
  serve(
    await rawInstance((socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 15\r\n\r\ntoo much for me');
      });
    }),
  );
  const size = 16 * MiB;
  const outgoing = ask(options('POST', { 'content-length': String(size) }));
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  // What is still on its way when the test ends has nowhere to go.
  outgoing.on('error', () => undefined);
  outgoing.end(Buffer.alloc(size));
  const [answer] = await answered;
  expect(answer.statusCode).toBe(413);
  expect(Buffer.concat(await answer.toArray()).toString()).toBe('too much for me');
});

it('trailers that were announced are passed on', async () => {
  serve(
    await httpInstance((_request, response) => {
      response.writeHead(200, { trailer: 'X-Checksum' });
      response.write('body');
      response.addTrailers({ 'X-Checksum': 'abc' });
      response.end();
    }),
  );
  const outgoing = ask(options('GET'));
  outgoing.end();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(await bytesOf(answer)).toBe(createHash('sha256').update('body').digest('hex'));
  expect(answer.trailers).toEqual({ 'x-checksum': 'abc' });
});

it('requests sent without waiting are answered in their order', async () => {
  serve(
    await httpInstance((request, response) => {
      // The first takes longest.
      setTimeout(() => response.end(`answer to ${request.url}`), request.url === '/1' ? 100 : 0);
    }),
  );
  const answer = await router.exchange(
    'GET /1 HTTP/1.1\r\nHost: app.localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n',
  );
  expect(answer.match(/answer to \/./g)).toEqual(['answer to /1', 'answer to /2']);
});

it('one connection carries many requests, also to different apps', async () => {
  serve(await httpInstance((_request, response) => response.end('mine')));
  const other = await httpInstance((_request, response) => response.end('other'));
  try {
    router.use(
      { host: 'app.localhost', instances: { 1: [instance?.port ?? 0] } },
      { host: 'other.localhost', instances: { 1: [other.port] } },
    );
    const socket = router.connect();
    const { seen } = follow(socket);
    socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
    await expect.poll(seen).toContain('mine');
    socket.write('GET / HTTP/1.1\r\nHost: OTHER.localhost:7080\r\n\r\n');
    await expect.poll(seen).toContain('other');
    const closed = collect(socket);
    socket.end();
    await closed;
  } finally {
    await other.close();
  }
});

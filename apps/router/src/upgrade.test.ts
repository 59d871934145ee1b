import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { deadPort, follow, httpInstance, RouterUnderTest, type TestInstance } from './testing/router-under-test.ts';

let router: RouterUnderTest;
const started: TestInstance[] = [];

beforeEach(async () => {
  router = await RouterUnderTest.start({ idleMs: 3_000 });
});

afterEach(async () => {
  await router.close();
  for (const instance of started.splice(0)) await instance.close();
});

type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** An instance that agrees to change the protocol and then sends back what it gets. */
const echoes: OnUpgrade = (request, socket, head) => {
  socket.on('error', () => undefined);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Saw: ${String(request.headers['x-forwarded-for'])} ${request.url}\r\n\r\nhello `,
  );
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
};

async function upgrades(onUpgrade: OnUpgrade = echoes): Promise<TestInstance> {
  const instance = await httpInstance((_request, response) => response.end('plain'));
  instance.server.on('upgrade', onUpgrade);
  started.push(instance);
  return instance;
}

const app = (...ports: number[]) => ({ host: 'app.localhost', instances: { 1: ports } });
const HEAD = 'GET /chat?room=1 HTTP/1.1\r\nHost: app.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

it('joins visitor and instance byte for byte, in both directions', async () => {
  router.use(app((await upgrades()).port));
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(HEAD);
  await expect.poll(seen).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\nhello $/);
  expect(seen()).toMatch(/x-saw: 127\.0\.0\.1 \/chat\?room=1/i);
  expect(seen().match(/^upgrade: websocket\r$/gim)).toHaveLength(1);
  const sent = randomBytes(1024 * 1024).toString('latin1');
  const bodyOf = (text: string): string => text.slice(text.indexOf('hello ') + 6);
  socket.write(sent, 'latin1');
  await expect.poll(() => bodyOf(seen()).length).toBe(sent.length);
  const hash = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');
  expect(hash(bodyOf(seen()))).toBe(hash(sent));
  socket.destroy();
});

it('what the visitor sends behind its request reaches the instance', async () => {
  router.use(app((await upgrades()).port));
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(`${HEAD}early`);
  await expect.poll(seen).toContain('hello early');
  socket.destroy();
});

it('counts as in flight until either side closes, also out of the table', async () => {
  const instanceSides: Duplex[] = [];
  const { port } = await upgrades((request, socket, head) => {
    instanceSides.push(socket);
    echoes(request, socket, head);
  });
  router.use(app(port));
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(HEAD);
  await expect.poll(seen).toContain('hello ');
  router.use(app());
  expect([...router.targets.draining.values()]).toEqual([1]);
  socket.write('still joined');
  await expect.poll(seen).toContain('still joined');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  instanceSides[0]?.destroy();
  await closed;
  expect(router.drained).toBe(1);
  expect(await router.registry.metrics()).toContain('switchyard_router_requests_total{app="app",code_class="1xx"} 1');
});

it('a visitor that goes ends the instance’s side', async () => {
  let closed = false;
  const { port } = await upgrades((request, socket, head) => {
    socket.on('close', () => {
      closed = true;
    });
    echoes(request, socket, head);
  });
  router.use(app(port));
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(HEAD);
  await expect.poll(seen).toContain('hello ');
  socket.destroy();
  await expect.poll(() => closed).toBe(true);
});

it('an instance that says no: its answer is passed on, and nothing after it passes the router unseen', async () => {
  router.use(
    app(
      (
        await upgrades((_request, socket) => {
          socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled'));
          socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nX-Why: origin\r\n\r\nnot you');
        })
      ).port,
    ),
  );
  const answer = await router.exchange(HEAD, 'GET /admin HTTP/1.1\r\nHost: other.localhost\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  expect(answer).toContain('X-Why: origin');
  expect(answer).toMatch(/connection: close/i);
  expect(answer.endsWith('not you')).toBe(true);
});

it('an instance that knows nothing of it answers as usual', async () => {
  const instance = await httpInstance((request, response) => {
    response.write(`plain ${request.method} `);
    response.end(request.url);
  });
  started.push(instance);
  router.use(app(instance.port));
  const answer = await router.exchange(HEAD.replace('websocket', 'h2c'));
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).not.toMatch(/transfer-encoding/i);
  expect(answer.endsWith('\r\n\r\nplain GET /chat?room=1')).toBe(true);
});

it('a body before the change can’t be told from what follows it: 400', async () => {
  router.use(app((await upgrades()).port));
  const answer = await router.exchange(HEAD.replace('\r\n\r\n', '\r\nContent-Length: 5\r\n\r\nhello'));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

it('an instance that refuses: another one takes it', async () => {
  router.use(app(await deadPort(), (await upgrades()).port));
  const sockets = Array.from({ length: 10 }, () => {
    const socket = router.connect();
    socket.write(HEAD);
    return { socket, ...follow(socket) };
  });
  for (const { socket, seen } of sockets) {
    await expect.poll(seen).toMatch(/^HTTP\/1\.1 101 /);
    socket.destroy();
  }
});

it('while no instance is ready it waits for one', async () => {
  router.use(app());
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(HEAD);
  const { port } = await upgrades();
  setTimeout(() => router.use(app(port)), 200);
  await expect.poll(seen).toMatch(/^HTTP\/1\.1 101 /);
  socket.destroy();
});

it.each([
  { what: 'closes', onUpgrade: ((_request, socket) => void socket.destroy()) satisfies OnUpgrade, status: 502 },
  { what: 'says nothing', onUpgrade: (() => undefined) satisfies OnUpgrade, status: 504 },
])('$status for an instance that $what', async ({ onUpgrade, status }) => {
  router.use(app((await upgrades(onUpgrade)).port));
  expect(await router.exchange(HEAD)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
});

it('404 for a host that nobody has', async () => {
  router.use();
  expect(await router.exchange(HEAD.replace('app.', 'nobody.'))).toMatch(/^HTTP\/1\.1 404 /);
});

it('a connection on which nothing moves is closed at the limit', async () => {
  router.use(app((await upgrades()).port));
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(HEAD);
  await expect.poll(seen).toContain('hello ');
  await new Promise((resolve) => socket.once('close', resolve));
});

it('stopping the router closes it at the limit', async () => {
  router.use(app((await upgrades()).port));
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(HEAD);
  await expect.poll(seen).toContain('hello ');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await router.stop(100);
  await closed;
});

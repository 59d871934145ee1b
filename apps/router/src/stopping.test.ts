import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { follow, httpInstance, RouterUnderTest, type TestInstance } from './testing/router-under-test.ts';

let router: RouterUnderTest;
let instance: TestInstance;
const held: ServerResponse[] = [];

beforeEach(async () => {
  router = await RouterUnderTest.start();
  instance = await httpInstance((request, response) => {
    if (request.url === '/hold') held.push(response);
    else response.end('ok');
  });
  router.use({ host: 'app.localhost', instances: { 1: [instance.port] } });
});

afterEach(async () => {
  held.splice(0);
  await router.close();
  await instance.close();
});

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: app.localhost\r\n\r\n`;

it('a request under way is answered, and told that its connection ends', async () => {
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(request('/hold'));
  await expect.poll(() => held.length).toBe(1);
  const stopped = router.stop(10_000);
  held[0]?.end('at last');
  await expect.poll(seen).toContain('at last');
  expect(seen()).toMatch(/connection: close/i);
  await stopped;
});

it('no new connections, and idle ones end', async () => {
  const idle = router.connect();
  const { seen } = follow(idle);
  idle.write(request('/'));
  await expect.poll(seen).toContain('ok');
  const closed = new Promise((resolve) => idle.once('end', resolve));
  await router.stop(10_000);
  await closed;
  idle.destroy();
  const late = router.connect();
  await new Promise((resolve) => late.once('close', resolve));
  expect(late.bytesRead).toBe(0);
});

it('what does not end is cut at the limit', async () => {
  const socket = router.connect();
  socket.write(request('/hold'));
  await expect.poll(() => held.length).toBe(1);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume().on('end', () => socket.end());
  await router.stop(100);
  await closed;
});

it('a kept connection’s next request is answered, and told to be the last', async () => {
  const socket = router.connect();
  const { seen } = follow(socket);
  socket.write(request('/'));
  await expect.poll(seen).toContain('ok');
  const stopped = router.stop(10_000);
  socket.write(request('/'));
  await expect.poll(seen).toMatch(/HTTP\/1\.1 200 OK[^]*HTTP\/1\.1 200 OK/);
  expect(seen()).toMatch(/connection: close/i);
  await stopped;
});

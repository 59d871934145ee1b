import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  deadPort,
  follow,
  httpInstance,
  RouterUnderTest,
  rawInstance,
  type TestInstance,
} from './testing/router-under-test.ts';

let router: RouterUnderTest;
const started: TestInstance[] = [];

beforeEach(async () => {
  router = await RouterUnderTest.start({ idleMs: 3_000 });
});

afterEach(async () => {
  await router.close();
  for (const instance of started.splice(0)) await instance.close();
});

async function says(text: string, port = 0): Promise<TestInstance> {
  const instance = await httpInstance((request, response) => {
    request.resume().on('end', () => response.end(text));
  }, port);
  started.push(instance);
  return instance;
}

async function raw(...arguments_: Parameters<typeof rawInstance>): Promise<TestInstance> {
  const instance = await rawInstance(...arguments_);
  started.push(instance);
  return instance;
}

const get = (extra = '', method = 'GET', body = ''): Promise<string> =>
  router.exchange(`${method} / HTTP/1.1\r\nHost: app.localhost\r\n${extra}Connection: close\r\n\r\n${body}`);
const app = (instances: Readonly<Record<number, readonly number[]>>, weights?: Readonly<Record<number, number>>) => ({
  host: 'app.localhost',
  instances,
  ...(weights === undefined ? {} : { weights }),
});
const POST = ['Content-Length: 5\r\n', 'POST', 'hello'] as const;

describe('an instance that does not take connections', () => {
  it.each([
    ['GET', []],
    ['POST', POST],
  ])('another one gets the %s', async (_method, request) => {
    router.use(app({ 1: [await deadPort(), (await says('well')).port] }));
    const answers = await Promise.all(Array.from({ length: 20 }, () => get(...request)));
    for (const answer of answers) expect(answer).toContain('well');
  });

  it('that is the only one: the request waits until it is back on its port', async () => {
    const port = await deadPort();
    router.use(app({ 1: [port] }));
    const waiting = Promise.all([get(), get(...POST)]);
    setTimeout(() => void says('back', port), 300);
    for (const answer of await waiting) expect(answer).toContain('back');
  });

  it('or until the table names another', async () => {
    router.use(app({ 1: [await deadPort()] }));
    const waiting = get();
    const { port } = await says('moved');
    setTimeout(() => router.use(app({ 1: [port] })), 300);
    expect(await waiting).toContain('moved');
  });

  it('for too long: 503', async () => {
    router.use(app({ 1: [await deadPort()] }));
    const answer = await get();
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer).toMatch(/retry-after: 5/i);
  });
});

describe('while no instance is ready', () => {
  it('a request waits for one', async () => {
    router.use(app({ 1: [] }));
    const waiting = get();
    const { port } = await says('ready');
    setTimeout(() => router.use(app({ 1: [port] })), 200);
    expect(await waiting).toContain('ready');
  });

  it('visitors of that share go where one is', async () => {
    router.use(app({ 1: [(await says('old')).port], 2: [] }, { 1: 1, 2: 99 }));
    expect(await get()).toContain('old');
  });
});

describe('a connection that breaks before an answer', () => {
  /** Answers the first request of each connection and closes it just as the second comes. */
  const closesIdle = (): Promise<TestInstance> => {
    let connections = 0;
    return raw((socket) => {
      connections += 1;
      const mine = connections;
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        if (requests > 1) socket.destroy();
        else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\nKeep-Alive: timeout=60\r\n\r\n${mine}`);
      });
    });
  };

  it('a GET on a kept one is made again on a new one', async () => {
    router.use(app({ 1: [(await closesIdle()).port] }));
    expect(await get()).toMatch(/\r\n\r\n1$/);
    expect(await get()).toMatch(/\r\n\r\n2$/);
  });

  it('a POST is not: the instance may have acted on it', async () => {
    router.use(app({ 1: [(await closesIdle()).port] }));
    expect(await get(...POST)).toMatch(/\r\n\r\n1$/);
    expect(await get(...POST)).toMatch(/^HTTP\/1\.1 502 /);
  });

  it('every time: 502 in the end', async () => {
    const instance = await raw((socket) => void socket.once('data', () => socket.destroy()));
    router.use(app({ 1: [instance.port] }));
    expect(await get()).toMatch(/^HTTP\/1\.1 502 /);
    expect(instance.connections.length).toBe(3);
  });
});

it('an app that closes idle connections costs no POST its answer', async () => {
  const idleMs = 700;
  const instance = await raw((socket) => {
    let timer = setTimeout(() => socket.destroy(), idleMs);
    socket.on('data', () => {
      clearTimeout(timer);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      timer = setTimeout(() => socket.destroy(), idleMs);
    });
    socket.on('close', () => clearTimeout(timer));
  });
  router.use(app({ 1: [instance.port] }));
  for (const pauseMs of [0, 480, 500, 520, 690, 695, 700, 705, 710]) {
    expect(await get(...POST)).toMatch(/^HTTP\/1\.1 200 /);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
});

it('504 for an instance that says nothing for too long', async () => {
  router.use(app({ 1: [(await raw((socket) => void socket.resume())).port] }));
  const answer = await get();
  expect(answer).toMatch(/^HTTP\/1\.1 504 /);
});

it('shares are as their weights say', async () => {
  router.use(app({ 1: [(await says('old')).port], 2: [(await says('new')).port] }, { 1: 80, 2: 20 }));
  let isNew = 0;
  for (let round = 0; round < 30; round += 1) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get()));
    isNew += answers.filter((answer) => answer.includes('new')).length;
  }
  // 600 at 20 %: 120 ± 6 standard deviations.
  expect(isNew).toBeGreaterThan(60);
  expect(isNew).toBeLessThan(180);
});

it('an instance that is busy gets fewer requests', async () => {
  const held: ServerResponse[] = [];
  const slow = await httpInstance((_request, response) => void held.push(response));
  started.push(slow);
  router.use(app({ 1: [slow.port, (await says('quick')).port] }));
  const pending = [0, 1].map(() => router.connect());
  for (const socket of pending) socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => get('X: 1\r\n')).map((one) =>
      Promise.race([one, new Promise<string>((resolve) => setTimeout(() => resolve('waits'), 1_000))]),
    ),
  );
  expect(answers.filter((answer) => answer.includes('quick')).length).toBeGreaterThan(5);
  for (const response of held) response.end();
  for (const socket of pending) socket.destroy();
});

describe('what is in flight at an instance that is out of the table', () => {
  it('is counted until it ends, and goes on', async () => {
    const held: ServerResponse[] = [];
    const old = await httpInstance((_request, response) => {
      response.write('begun ');
      held.push(response);
    });
    started.push(old);
    router.use(app({ 1: [old.port] }));
    const socket = router.connect();
    const { seen } = follow(socket);
    socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n');
    await expect.poll(seen).toContain('begun');

    router.use(app({ 2: [(await says('new')).port] }));
    expect([...router.targets.draining.values()]).toEqual([1]);
    expect(router.drained).toBe(0);
    expect(await get()).toContain('new');

    held[0]?.end('ended');
    await expect.poll(seen).toContain('ended');
    await expect.poll(() => router.drained).toBe(1);
    expect([...router.targets.draining]).toEqual([]);
  });

  it('a kept connection of a visitor goes to the new instance with its next request', async () => {
    router.use(app({ 1: [(await says('old')).port] }));
    const socket = router.connect();
    const { seen } = follow(socket);
    socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
    await expect.poll(seen).toContain('old');
    router.use(app({ 2: [(await says('new')).port] }));
    socket.write('GET / HTTP/1.1\r\nHost: app.localhost\r\n\r\n');
    await expect.poll(seen).toContain('new');
    socket.destroy();
  });
});

it('many switches under load lose no request', async () => {
  const instances = await Promise.all(['a', 'b', 'c', 'd'].map((text) => says(text)));
  router.use(app({ 1: [instances[0]?.port ?? 0] }));
  const statuses = new Map<string, number>();
  const visits = new AbortController();
  const visitor = async (post: boolean): Promise<void> => {
    while (!visits.signal.aborted) {
      const answer = await (post ? get(...POST) : get());
      const status = answer.slice(9, 12);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  const visitors = [visitor(false), visitor(false), visitor(true), visitor(true)];
  for (let round = 0; round < 60; round += 1) {
    router.use(app({ [round]: [instances[round % 4]?.port ?? 0] }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  visits.abort();
  await Promise.all(visitors);
  expect([...statuses.keys()]).toEqual(['200']);
});

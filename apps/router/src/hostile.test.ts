import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { collect, httpInstance, RouterUnderTest, rawInstance, type TestInstance } from './testing/router-under-test.ts';

/** Bytes nobody would send on purpose, in both directions: whatever they are, the router lives and goes on answering. */

const SEED = 20_261_124;
const ROUNDS = 400;

let router: RouterUnderTest;
let plain: TestInstance;
let hostile: TestInstance;
let answer = '';

beforeAll(async () => {
  router = await RouterUnderTest.start({ idleMs: 300 });
  plain = await httpInstance((request, response) => {
    request.resume().on('end', () => response.end('well'));
  });
  hostile = await rawInstance((socket) => {
    socket.once('data', () => socket.end(answer, 'latin1'));
  });
  router.use(
    { host: 'plain.localhost', instances: { 1: [plain.port] } },
    { host: 'hostile.localhost', instances: { 1: [hostile.port] } },
  );
});

let random: (count: number) => number;

beforeEach(() => {
  let state = SEED;
  // mulberry32
  random = (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  };
});

afterAll(async () => {
  await router.close();
  await plain.close();
  await hostile.close();
});

const BITS = ['\r\n', '\n', '\0', ' ', ':', ',', 'chunked', '\x7f', '\xff', '0', '-1', '\t', '%', 'Upgrade', '100'];

/** Cuts, doubles, swaps and sprinkles. */
function mutate(text: string): string {
  let mutated = text;
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(mutated.length + 1);
    const to = at + random(20);
    const kind = random(4);
    if (kind === 0) mutated = mutated.slice(0, at) + mutated.slice(to);
    else if (kind === 1) mutated = mutated.slice(0, to) + mutated.slice(at);
    else if (kind === 2) mutated = mutated.slice(0, at) + BITS[random(BITS.length)] + mutated.slice(at);
    else mutated = mutated.slice(0, at) + String.fromCharCode(random(256)) + mutated.slice(at + 1);
  }
  return mutated;
}

const wellRequest = 'GET / HTTP/1.1\r\nHost: plain.localhost\r\nConnection: close\r\n\r\n';

/** Sends it, lets go after a moment if nothing ends by itself. */
async function throwAt(bytes: string): Promise<string> {
  const socket = router.connect();
  const received = collect(socket);
  socket.write(bytes, 'latin1');
  socket.end();
  const limit = setTimeout(() => socket.destroy(), 1_000);
  const text = await received;
  clearTimeout(limit);
  return text;
}

it('requests', async () => {
  const requests = [
    'GET /a?b HTTP/1.1\r\nHost: plain.localhost\r\nConnection: close\r\nX-One: 1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: plain.localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
    'POST / HTTP/1.1\r\nHost: plain.localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: plain.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'PUT / HTTP/1.1\r\nHost: plain.localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
  ];
  for (let round = 0; round < ROUNDS; round += 20) {
    const batch = Array.from({ length: 20 }, () => mutate(requests[random(requests.length)] ?? ''));
    await Promise.all(batch.map((bytes) => throwAt(bytes)));
  }
  await expect.poll(() => router.exchange(wellRequest)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*well/);
});

it('answers', async () => {
  const answers = [
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nSet-Cookie: a=b\r\n\r\nok',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nbytes',
    'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
  ];
  const requests = [
    'GET / HTTP/1.1\r\nHost: hostile.localhost\r\nConnection: close\r\n\r\n',
    'HEAD / HTTP/1.1\r\nHost: hostile.localhost\r\nConnection: close\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: hostile.localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
    'GET / HTTP/1.1\r\nHost: hostile.localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    answer = mutate(answers[random(answers.length)] ?? '');
    const text = await throwAt(requests[random(requests.length)] ?? '');
    // Something is always said, unless the answer broke in the middle.
    expect(text === '' || text.startsWith('HTTP/1.1 ')).toBe(true);
  }
  await expect.poll(() => router.exchange(wellRequest)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*well/);
});

it('nothing of it is left in flight', async () => {
  await expect
    .poll(() => router.registry.getSingleMetricAsString('switchyard_router_in_flight'))
    .not.toMatch(/ [1-9-]\d*$/m);
  router.use();
  expect([...router.targets.draining]).toEqual([]);
});

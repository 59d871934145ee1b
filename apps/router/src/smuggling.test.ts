import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { RouterUnderTest, rawInstance, type TestInstance } from './testing/router-under-test.ts';

let router: RouterUnderTest;
let instance: TestInstance;
let reached = '';

beforeAll(async () => {
  router = await RouterUnderTest.start();
  instance = await rawInstance(
    (socket) =>
      void socket.on('data', (chunk) => {
        reached += chunk.toString('latin1');
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }),
  );
  router.use({ host: 'app.localhost', instances: { 1: [instance.port] } });
});

beforeEach(() => {
  reached = '';
});

afterAll(async () => {
  await router.close();
  await instance.close();
});

const HOST = 'Host: app.localhost\r\n';

/** Requests that two servers could understand in two ways: refused, and the instance sees nothing of them. */
it.each([
  ['two different lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
  ['a list of lengths', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5, 5\r\n\r\nhello`],
  ['a length that is no number', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5x\r\n\r\nhello`],
  ['a length with a sign', `POST / HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\nhello`],
  ['a negative length', `POST / HTTP/1.1\r\n${HOST}Content-Length: -5\r\n\r\nhello`],
  ['a length beyond all numbers', `POST / HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999999\r\n\r\nhello`],
  ['a length and chunks', `POST / HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunks and a length', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`],
  ['an encoding that nobody knows', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  [
    'chunks that are not the last encoding',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  ],
  [
    'chunks twice',
    `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['an encoding behind a tab', `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`],
  ['a name with a space before the colon', `POST / HTTP/1.1\r\n${HOST}Content-Length : 5\r\n\r\nhello`],
  ['a header without a name', `GET / HTTP/1.1\r\n${HOST}: value\r\n\r\n`],
  ['a folded header', `GET / HTTP/1.1\r\n${HOST}X-Folded: one\r\n two\r\n\r\n`],
  ['a line that starts with a space', `GET / HTTP/1.1\r\n ${HOST}\r\n`],
  ['bare line feeds', `GET / HTTP/1.1\nHost: app.localhost\n\n`],
  ['a bare line feed in a header', `GET / HTTP/1.1\r\n${HOST}X-One: a\nX-Two: b\r\n\r\n`],
  ['a bare carriage return in a header', `GET / HTTP/1.1\r\n${HOST}X-One: a\rX-Two: b\r\n\r\n`],
  ['a NUL in a header', `GET / HTTP/1.1\r\n${HOST}X-One: a\0b\r\n\r\n`],
  ['no host', 'GET / HTTP/1.1\r\n\r\n'],
  ['two hosts', `GET / HTTP/1.1\r\n${HOST}Host: other.localhost\r\n\r\n`],
  ['the same host twice', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`],
  ['an address and another host', `GET http://other.localhost/ HTTP/1.1\r\n${HOST}\r\n`],
  ['a space in the path', `GET /a b HTTP/1.1\r\n${HOST}\r\n`],
  ['a path that is none', `GET app HTTP/1.1\r\n${HOST}\r\n`],
  ['a version that nobody speaks', `GET / HTTP/9.9\r\n${HOST}\r\n`],
  ['no version', `GET /\r\n${HOST}\r\n`],
  ['a method that nobody knows', `G@T / HTTP/1.1\r\n${HOST}\r\n`],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
])('400, and nothing reaches the app: %s', async (_what, bytes) => {
  const answer = await router.exchange(bytes);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toMatch(/connection: close/i);
  expect(reached).toBe('');
});

/** What is wrong comes after the head: the instance may have seen that, but never what follows as a request of its own. */
it.each([
  ['a chunk without a size', '\r\nGET /smuggled HTTP/1.1\r\n\r\n'],
  ['a chunk whose size is no number', 'xyz\r\nGET /smuggled HTTP/1.1\r\n\r\n'],
  ['a chunk that is longer than it says', '2\r\nhelloGET /smuggled HTTP/1.1\r\n\r\n'],
  ['a chunk that ends with a bare line feed', '5\nhello\n0\n\nGET /smuggled HTTP/1.1\r\n\r\n'],
  ['a chunk beyond all numbers', 'fffffffffffffffff1\r\nGET /smuggled HTTP/1.1\r\n\r\n'],
])('no second request out of %s', async (_what, body) => {
  const answer = await router.exchange(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${body}`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(reached).not.toMatch(/GET \/smuggled/);
});

it('431 for headers that are too large', async () => {
  const answer = await router.exchange(`GET / HTTP/1.1\r\n${HOST}X-Long: ${'x'.repeat(70_000)}\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  expect(reached).toBe('');
});

it('CONNECT is not for us', async () => {
  expect(await router.exchange('CONNECT app.localhost:80 HTTP/1.1\r\nHost: app.localhost:80\r\n\r\n')).not.toMatch(
    / 200 /,
  );
  expect(reached).toBe('');
});

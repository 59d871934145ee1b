import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RouterUnderTest, rawInstance, type TestInstance } from './testing/router-under-test.ts';

let router: RouterUnderTest;
let instance: TestInstance;
let first = '';

beforeAll(async () => {
  router = await RouterUnderTest.start();
  instance = await rawInstance((socket) => {
    socket.on('data', (chunk) => {
      first = chunk.toString('latin1').split('\r\n')[0] ?? '';
      socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    });
  });
  router.use({ host: 'app.localhost', instances: { 1: [instance.port] } });
});

afterAll(async () => {
  await router.close();
  await instance.close();
});

async function lineFor(target: string, method = 'GET'): Promise<string> {
  first = '';
  const answer = await router.exchange(
    `${method} ${target} HTTP/1.1\r\nHost: app.localhost\r\nConnection: close\r\n\r\n`,
  );
  return first === '' ? (answer.split('\r\n')[0] ?? '') : first;
}

describe('path and query reach the app byte for byte', () => {
  it.each([
    '/',
    '//double//slashes/',
    '/a%2Fb%2f%252F',
    '/%00%0d%0a%ff',
    '/a/../b/./c',
    '/?',
    '/?a=b&&c=%20+d?e=/f',
    '/"<>\\^`{|}',
    "/!$&'()*+,;=:@-._~",
    `/${'long'.repeat(10_000)}`,
  ])('%s', async (path) => {
    expect(await lineFor(path)).toBe(`GET ${path} HTTP/1.1`);
  });

  it.each(['/a%2Fb/../c?d=|', '/', '/?q'])('also from a whole address: %s', async (path) => {
    expect(await lineFor(`http://APP.localhost:80${path}`)).toBe(`GET ${path} HTTP/1.1`);
  });

  it('a whole address without a path asks for /', async () => {
    expect(await lineFor('http://app.localhost')).toBe('GET / HTTP/1.1');
    expect(await lineFor('http://app.localhost?q')).toBe('GET /?q HTTP/1.1');
  });
});

describe('400 for', () => {
  it.each([
    'http://other.localhost/',
    'http://user@app.localhost/',
    'http://app.localhost@other.localhost/',
    'http:///path',
    'ftp://app.localhost/',
    'app.localhost:80',
    '/bytes/that/should/be/encoded/\u00e9',
  ])('%s', async (target) => {
    expect(await lineFor(target)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

it.each(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT', 'PATCH', 'TRACE', 'PROPFIND', 'M-SEARCH', 'SEARCH'])(
  '%s is passed on',
  async (method) => {
    expect(await lineFor('/x', method)).toBe(`${method} /x HTTP/1.1`);
  },
);

it('OPTIONS * is answered, whatever with', async () => {
  expect(await lineFor('*', 'OPTIONS')).toMatch(/HTTP\/1\.1/);
});

it('HTTP/1.0 with a host is served, and its connection ends', async () => {
  const answer = await router.exchange('GET /old HTTP/1.0\r\nHost: app.localhost\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 204 /);
  expect(first).toBe('GET /old HTTP/1.1');
});

it('HTTP/1.0 without one finds nobody', async () => {
  expect(await router.exchange('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /);
});

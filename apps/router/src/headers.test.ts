import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collect, httpInstance, RouterUnderTest, rawInstance, type TestInstance } from './testing/router-under-test.ts';

let router: RouterUnderTest;
let echo: TestInstance;
let scripted: TestInstance;
let answer = '';

/** What the instance saw: method, path, headers as they came, body. */
interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly raw: readonly string[];
  readonly body: string;
}

beforeAll(async () => {
  router = await RouterUnderTest.start();
  echo = await httpInstance((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const { method, url, headers, rawHeaders: raw } = request;
      response.end(JSON.stringify({ method, url, headers, raw, body: Buffer.concat(chunks).toString('latin1') }));
    });
  });
  scripted = await rawInstance((socket) => void socket.on('data', () => socket.write(answer, 'latin1')));
  router.use(
    { host: 'app.localhost', instances: { 1: [echo.port] } },
    { host: 'scripted.localhost', instances: { 1: [scripted.port] } },
  );
});

beforeEach(() => {
  answer = '';
});

afterAll(async () => {
  await router.close();
  await echo.close();
  await scripted.close();
});

async function seen(head: string, body = ''): Promise<Seen> {
  const received = await router.exchange(`${head.trim().replaceAll('\n', '\r\n')}\r\nConnection: close\r\n\r\n${body}`);
  const start = received.indexOf('{');
  if (start === -1) throw new Error(received);
  const json = Buffer.from(received.slice(start, received.lastIndexOf('}') + 1), 'latin1').toString('utf8');
  return JSON.parse(json) as Seen;
}

describe('what the instance gets', () => {
  it('names the visitor, its host and scheme, and the request', async () => {
    const { headers, url, method } = await seen('GET /path?query=1 HTTP/1.1\nHost: app.localhost:7080\nX-Own: kept');
    expect({ url, method }).toEqual({ url: '/path?query=1', method: 'GET' });
    expect(headers).toMatchObject({
      host: 'app.localhost:7080',
      'x-own': 'kept',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'app.localhost:7080',
    });
    expect(headers['x-request-id']).toMatch(/^[\w-]{36}$/);
  });

  it('a visitor can’t say who it is', async () => {
    const { headers } = await seen(
      'GET / HTTP/1.1\nHost: app.localhost\nX-Forwarded-For: 6.6.6.6\nX-Forwarded-Host: evil.example\nX-Forwarded-Proto: https\nForwarded: for=6.6.6.6',
    );
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'app.localhost',
      'x-forwarded-proto': 'http',
    });
    expect(headers['forwarded']).toBeUndefined();
  });

  it.each([
    { given: 'abc-1.2_3', kept: true },
    { given: 'two words', kept: false },
    { given: 'x'.repeat(129), kept: false },
  ])('a request id of the visitor is kept when it is harmless: $kept', async ({ given, kept }) => {
    const { headers } = await seen(`GET / HTTP/1.1\nHost: app.localhost\nX-Request-Id: ${given}`);
    expect(headers['x-request-id'] === given).toBe(kept);
  });

  it('nothing that is meant for the router alone, nor what Connection names', async () => {
    const received = await router.exchange(
      [
        'GET / HTTP/1.1',
        'Host: app.localhost',
        'Connection: close, X-Secret-Hop , Keep-Alive, Host',
        'X-Real-IP: 1.2.3.4',
        'True-Client-IP: 1.2.3.4',
        'Proxy: http://elsewhere',
        'Keep-Alive: timeout=5',
        'X-Secret-Hop: no',
        'Proxy-Authorization: Basic x',
        'TE: trailers',
        'X-Kept: yes',
        '',
        '',
      ].join('\r\n'),
    );
    const { headers } = JSON.parse(received.slice(received.indexOf('{'), received.lastIndexOf('}') + 1)) as Seen;
    expect(Object.keys(headers).toSorted()).toEqual(
      [
        'connection',
        'host',
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-proto',
        'x-kept',
        'x-request-id',
      ].toSorted(),
    );
    expect(headers['host']).toBe('app.localhost');
  });

  it('headers that come twice twice, and bytes above ASCII as they were', async () => {
    const { raw } = await seen('GET / HTTP/1.1\nHost: app.localhost\nX-Twice: a\nx-twice: b\nX-Byte: \xe9\xff');
    expect(raw.filter((_, index) => /x-twice/i.test(raw[index - 1] ?? '') && index % 2 === 1)).toEqual(['a', 'b']);
    expect(raw[raw.indexOf('X-Byte') + 1]).toBe('\xe9\xff');
  });

  it('the path of a request that names the whole address', async () => {
    const { url, headers } = await seen('GET http://app.localhost/path?q HTTP/1.1\nHost: app.localhost');
    expect(url).toBe('/path?q');
    expect(headers['host']).toBe('app.localhost');
  });

  it.each([
    { head: 'POST / HTTP/1.1\nHost: app.localhost\nContent-Length: 5', sent: 'hello' },
    {
      head: 'POST / HTTP/1.1\nHost: app.localhost\nTransfer-Encoding: chunked',
      sent: '3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n',
    },
    { head: 'DELETE / HTTP/1.1\nHost: app.localhost\nContent-Length: 5', sent: 'hello' },
    { head: 'GET / HTTP/1.1\nHost: app.localhost\nContent-Length: 5', sent: 'hello' },
    { head: 'PURGE / HTTP/1.1\nHost: app.localhost\nContent-Length: 5', sent: 'hello' },
  ])('the body of $head', async ({ head, sent }) => {
    expect((await seen(head, sent)).body).toBe('hello');
  });

  it('a POST without a body', async () => {
    const { body, headers } = await seen('POST / HTTP/1.1\nHost: app.localhost\nContent-Length: 0');
    expect(body).toBe('');
    expect(headers['content-length']).toBe('0');
  });
});

describe('what the visitor gets', () => {
  const ask = (method = 'GET'): Promise<string> =>
    router.exchange(`${method} / HTTP/1.1\r\nHost: scripted.localhost\r\nConnection: close\r\n\r\n`);

  it('status, reason and headers as the instance gave them, without what was meant for the router', async () => {
    answer =
      'HTTP/1.1 299 Own Words\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Hop: no\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: timeout=9\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX-Byte: \xe9\r\n\r\nok';
    const received = await ask();
    expect(received).toMatch(/^HTTP\/1\.1 299 Own Words\r\n/);
    expect(received).toContain('Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n');
    expect(received).toContain('X-Byte: \xe9\r\n');
    expect(received.match(/^date:/gim)).toHaveLength(1);
    expect(received).not.toMatch(/x-hop|timeout=9/i);
    expect(received).toMatch(/x-request-id: /i);
    expect(received.endsWith('\r\n\r\nok')).toBe(true);
  });

  it('no body on HEAD, with the length that it would have', async () => {
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n';
    const received = await ask('HEAD');
    expect(received).toContain('Content-Length: 1000');
    expect(received.endsWith('\r\n\r\n')).toBe(true);
  });

  it.each(['204 No Content', '304 Not Modified'])('no body on %s', async (status) => {
    answer = `HTTP/1.1 ${status}\r\nETag: "1"\r\n\r\n`;
    const received = await ask();
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status}\r\n`));
    expect(received.endsWith('\r\n\r\n')).toBe(true);
    expect(received).not.toMatch(/transfer-encoding/i);
  });

  it('early hints, and then the answer', async () => {
    answer =
      'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const received = await ask();
    expect(received).toMatch(/^HTTP\/1\.1 103 Early Hints\r\n/);
    expect(received).toContain('HTTP/1.1 200 OK');
  });

  it.each([
    { what: 'is no HTTP', bytes: 'SSH-2.0-OpenSSH\r\n' },
    { what: 'has two lengths', bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok' },
    {
      what: 'has a byte that no header may have',
      bytes: 'HTTP/1.1 200 OK\r\nX-Bad: a\x01b\r\nContent-Length: 2\r\n\r\nok',
    },
    { what: 'has headers without an end', bytes: `HTTP/1.1 200 OK\r\n${'X-Long: '.padEnd(70_000, 'x')}\r\n\r\n` },
    {
      what: 'changes the protocol unasked',
      bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    },
  ])('502 for an answer that $what', async ({ bytes }) => {
    answer = bytes;
    expect(await ask()).toMatch(/^HTTP\/1\.1 502 /);
  });
});

describe('Expect: 100-continue', () => {
  it('is answered when the instance wants the body, and not passed on', async () => {
    const socket = router.connect();
    const received = collect(socket);
    socket.write(
      'POST / HTTP/1.1\r\nHost: app.localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('hello');
    const text = await received;
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(text).toContain('"body":"hello"');
    expect(text).not.toContain('"expect"');
  });

  it('is not answered for a host that nobody has: the body is never sent', async () => {
    const received = await router.exchange(
      'POST / HTTP/1.1\r\nHost: nobody.localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n',
    );
    expect(received).toMatch(/^HTTP\/1\.1 404 /);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RouterUnderTest } from './testing/router-under-test.ts';

let router: RouterUnderTest;

beforeAll(async () => {
  router = await RouterUnderTest.start();
  router.use({ host: 'new.localhost', instances: {} });
});

afterAll(async () => {
  await router.close();
});

const ask = (host: string, { method = 'GET', accept = 'text/html' } = {}): Promise<string> =>
  router.exchange(`${method} / HTTP/1.1\r\nHost: ${host}\r\nAccept: ${accept}\r\nConnection: close\r\n\r\n`);

describe.each([
  { host: 'nobody.localhost', status: 404, type: 'unknown-host' },
  { host: 'new.localhost', status: 503, type: 'nothing-live' },
])('$status for $host', ({ host, status, type }) => {
  it('a page that needs nothing from elsewhere', async () => {
    const page = await ask(host);
    expect(page).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(page).toMatch(/content-type: text\/html/i);
    expect(page).toContain('</html>');
    expect(page).not.toMatch(/src=|href=|url\(|@import/);
  });

  it('a problem document for programs', async () => {
    const answer = await ask(host, { accept: 'application/json' });
    const problem: unknown = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')));
    expect(problem).toMatchObject({ status, type: `urn:switchyard:router:${type}` });
    expect(answer).toMatch(/content-type: application\/problem\+json/i);
  });

  it('no body on HEAD', async () => {
    const answer = await ask(host, { method: 'HEAD' });
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.endsWith('\r\n\r\n')).toBe(true);
  });
});

it('a request id that is HTML does not become part of the page', async () => {
  const page = await router.exchange(
    'GET / HTTP/1.1\r\nHost: nobody.localhost\r\nX-Request-Id: <script>\r\nConnection: close\r\n\r\n',
  );
  expect(page).not.toContain('<script>');
});

it('a body that nobody wants is read and dropped; the connection stays good', async () => {
  const body = 'x'.repeat(1_000_000);
  const received = await router.exchange(
    `POST / HTTP/1.1\r\nHost: nobody.localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'GET / HTTP/1.1\r\nHost: new.localhost\r\nConnection: close\r\n\r\n',
  );
  expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 404', 'HTTP/1.1 503']);
});

it('requests are counted by app and class, unknown hosts under one name', async () => {
  const text = await router.registry.metrics();
  expect(text).toMatch(/switchyard_router_requests_total\{app="-",code_class="4xx"\} [1-9]/);
  expect(text).toMatch(/switchyard_router_requests_total\{app="new",code_class="5xx"\} [1-9]/);
  expect(text).toMatch(/switchyard_router_request_duration_seconds_count\{app="new"\} [1-9]/);
  expect(text).not.toContain('nobody');
});

import { LIMITS, Problem } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { OPERATIONS } from './operations.ts';
import { type RunningApi, startApi } from './testing/running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
});
afterAll(() => api.close());

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = Problem.parse(await response.json());
  expect(problem.status).toBe(response.status);
  return problem;
}

const concrete = (path: string): string => path.replace('{app}', 'hello').replace('{id}', 'dep_aaaaaaaaaaaaaaaa');

describe('access', () => {
  const guarded = OPERATIONS.filter(({ access }) => access === 'token' || access === 'operator');

  test.each(guarded.map(({ id, method, path }) => [id, method, concrete(path)] as const))(
    '%s is refused without a token, with a wrong one and with a forged session',
    async (_id, method, path) => {
      for (const headers of [
        {},
        { authorization: 'Bearer ' },
        { authorization: `Bearer ${'0'.repeat(64)}` },
        { authorization: `Basic ${btoa(`admin:${api.token}`)}` },
        { cookie: `switchyard_session=9999999999999.${'A'.repeat(43)}` },
        { cookie: `switchyard_session=${api.token}` },
      ]) {
        const response = await fetch(`${api.url}${path}`, { method: method.toUpperCase(), headers });
        expect(response.status).toBe(401);
        expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect((await problemOf(response)).code).toBe('unauthenticated');
      }
    },
  );

  test('the routes without a token are those that say nothing, give one or have a signature instead', () => {
    const open = OPERATIONS.filter(({ access }) => access === 'none' || access === 'optional').map(({ id }) => id);
    expect(open.sort()).toEqual(['closeSession', 'healthz', 'openSession', 'readyz', 'settingsSchema', 'takeWebhook']);
  });

  test('who shows no token does not learn which routes of the API exist', async () => {
    expect((await fetch(`${api.url}/v1/nothing`)).status).toBe(401);
    expect((await fetch(`${api.url}/v1/apps`, { method: 'PUT' })).status).toBe(401);
  });

  test('the token is not case-insensitive, not trimmed short, and its scheme is', async () => {
    const status = async (authorization: string) =>
      (await fetch(`${api.url}/v1/apps`, { headers: { authorization } })).status;
    expect(await status(`bearer ${api.token}`)).toBe(200);
    expect(await status(`Bearer ${api.token.slice(0, -1)}`)).toBe(401);
    expect(await status(`Bearer ${api.token}0`)).toBe(401);
  });
});

describe('problems', () => {
  test('an unknown route is 404', async () => {
    for (const path of ['/v1/nothing', '/v1/apps/hello/nothing', '/nothing', '/v1/apps/'])
      expect(await problemOf(await api.ask(path))).toMatchObject({
        status: 404,
        code: 'route-not-found',
        fault: 'user',
        instance: path,
        type: 'urn:switchyard:error:route-not-found',
      });
  });

  test('another method is 405 and says which are allowed', async () => {
    const response = await api.ask('/v1/apps', { method: 'PATCH' });
    expect(response.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
    expect((await problemOf(response)).code).toBe('method-not-allowed');
    expect((await api.ask('/readyz', { method: 'POST' })).status).toBe(405);
  });

  test('malformed JSON is 400', async () => {
    for (const body of ['{', '{"name":}', 'name=x', '\u0000'])
      expect(
        await problemOf(
          await api.ask('/v1/apps', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
        ),
      ).toMatchObject({ status: 400, code: 'invalid-input' });
  });

  test('JSON that is no object is 400', async () => {
    for (const body of [null, 1, 'text', [], true])
      expect((await problemOf(await api.post('/v1/apps', body))).code).toBe('invalid-input');
  });

  test('another media type is 415, also where the body may be left out', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      for (const path of ['/v1/apps', '/v1/apps/hello/deployments']) {
        const response = await api.ask(path, { method: 'POST', headers: { 'content-type': type }, body: '{}' });
        expect(await problemOf(response)).toMatchObject({ status: 415, code: 'unsupported-media-type' });
      }
  });

  test('an unknown character set is 415', async () => {
    const headers = { 'content-type': 'application/json; charset=klingon' };
    const response = await api.ask('/v1/apps', { method: 'POST', headers, body: '{}' });
    expect((await problemOf(response)).status).toBe(415);
  });

  test('a body that is too large is 413', async () => {
    const response = await api.post('/v1/apps', { name: 'x'.repeat(LIMITS.maxJsonBodyBytes) });
    expect(await problemOf(response)).toMatchObject({ status: 413, code: 'body-too-large' });
  });

  test('every fault of the input is named by its field, and no value is repeated', async () => {
    const problem = await problemOf(
      await api.post('/v1/apps', { name: 'Not A Name', repository: '', branch: '--upload-pack=x', secret: 'hunter2' }),
    );
    expect(problem.errors?.map(({ path }) => path).sort()).toEqual(['', 'branch', 'name', 'repository']);
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  test('a path that is no valid encoding is 400', async () => {
    expect((await problemOf(await api.ask('/v1/apps/%E0%A4%A'))).status).toBe(400);
  });

  test('a query that is given twice is 400', async () => {
    expect((await problemOf(await api.ask('/v1/deployments?limit=1&limit=2'))).code).toBe('invalid-input');
  });
});

describe('request ids', () => {
  test('the caller’s is kept, an unfit one is replaced', async () => {
    const idFor = async (given: string) =>
      (await fetch(`${api.url}/healthz`, { headers: { 'x-request-id': given } })).headers.get('x-request-id');
    expect(await idFor('trace-1')).toBe('trace-1');
    expect(await idFor('{"injected":1}')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the description', () => {
  test('names every route, and nothing it refers to is missing', async () => {
    const text = await (await api.ask('/openapi.json')).text();
    const document = JSON.parse(text) as {
      paths: Record<string, Record<string, object>>;
      components: { schemas: object };
    };
    const described = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(described.sort()).toEqual(OPERATIONS.map(({ method, path }) => `${method} ${path}`).sort());
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(references.length).toBeGreaterThan(50);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
  });
});

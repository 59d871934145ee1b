import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { type RunningApi, startApi } from './testing/running-api.ts';

/** Settings or a problem. */
const AnyBody = z.looseObject({ settings: z.unknown(), detail: z.unknown() }).partial();

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
});

afterAll(async () => {
  await api?.close();
});

let count = 0;
async function newApp(): Promise<string> {
  const name = `app-${(count += 1)}`;
  await api.walk.newApp(name);
  return name;
}

async function patch(app: string, body: unknown, ifMatch?: string) {
  const answer = await api.ask(`/v1/apps/${app}/settings`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }) },
    body: JSON.stringify(body),
  });
  return { status: answer.status, etag: answer.headers.get('etag'), body: AnyBody.parse(await answer.json()) };
}

async function get(app: string) {
  const answer = await api.ask(`/v1/apps/${app}/settings`);
  return { etag: answer.headers.get('etag'), body: AnyBody.parse(await answer.json()) };
}

describe('settings of an app', () => {
  it('are none at first, and have a tag all the same', async () => {
    const { etag, body } = await get(await newApp());
    expect(etag).toBe('"0"');
    expect(body).toEqual({ version: 0, updatedAt: null, settings: {} });
  });

  it('are changed by a merge patch: what is absent stays, null clears, objects merge', async () => {
    const app = await newApp();
    const first = await patch(
      app,
      { build: 'make', branch: 'next', health: { path: '/up', timeLimitMs: 9_000 } },
      '"0"',
    );
    expect(first).toMatchObject({ status: 200, etag: '"1"', body: { version: 1, updatedAt: expect.any(Number) } });
    const second = await patch(app, { build: null, health: { timeLimitMs: null }, install: false }, '"1"');
    expect(second.body.settings).toEqual({ branch: 'next', health: { path: '/up' }, install: false });
    expect((await get(app)).body).toEqual(second.body);
    expect((await api.client.app(app)).branch).toBe('next');
    const third = await patch(app, { health: null, branch: null, install: null }, '*');
    expect(third).toMatchObject({ etag: '"3"', body: { settings: {} } });
    expect((await api.client.app(app)).branch).toBeNull();
  });

  it('are changed by nobody who does not know them', async () => {
    const app = await newApp();
    expect(await patch(app, { build: 'a' })).toMatchObject({
      status: 428,
      body: { code: 'precondition-required', detail: expect.stringContaining('If-Match') },
    });
    await patch(app, { build: 'a' }, '"0"');
    for (const stale of ['"0"', 'W/"1"', '"2"'])
      expect(await patch(app, { build: 'b' }, stale)).toMatchObject({
        status: 412,
        etag: '"1"',
        body: { code: 'precondition-failed', detail: expect.stringContaining('"1"') },
      });
    expect(await patch(app, { build: 'b' }, '1')).toMatchObject({ status: 400, body: { code: 'invalid-input' } });
    expect((await get(app)).body.settings).toEqual({ build: 'a' });
  });

  it('lose none of many changes made at once', async () => {
    const app = await newApp();
    const changes = [{ build: 'a' }, { install: 'b' }, { start: 'c' }, { node: '24' }, { root: 'd' }, { migrate: 'e' }];
    expect((await Promise.all(changes.map((change) => patch(app, change, '*')))).map(({ status }) => status)).toEqual(
      changes.map(() => 200),
    );
    expect((await get(app)).body).toMatchObject({ version: changes.length, settings: Object.assign({}, ...changes) });
    const racing = await Promise.all(changes.map((change) => patch(app, change, `"${changes.length}"`)));
    expect(racing.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(racing.filter(({ status }) => status === 412)).toHaveLength(changes.length - 1);
  });

  it.each([
    [{ buld: 'x' }, 'there is no field "buld", did you mean build?'],
    [{ health: { pth: '/' } }, 'health'],
    [{ replicas: LIMITS.maxReplicas + 1 }, 'replicas'],
    [{ replicas: 0 }, 'replicas'],
    [{ start: 'a', static: { directory: 'b' } }, 'either `start` or `static`'],
    [{ static: { spa: true } }, 'static.directory'],
    [{ root: '../x' }, 'root: a directory inside the repository'],
    [{ start: ' ' }, 'start: a command is needed'],
    [{ branch: '--upload-pack=x' }, 'branch'],
    [{ requiredVariables: ['PORT'] }, 'PORT is set by Switchyard'],
    [[], ''],
  ])('refuse %j as a whole', async (body, detail) => {
    const app = await newApp();
    const answer = await patch(app, Array.isArray(body) ? body : { ...body, node: '24' }, '*');
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid-input', detail: expect.stringContaining(detail) },
    });
    expect((await get(app)).body).toMatchObject({ version: 0, settings: {} });
  });

  it('are pinned by a deployment when it is accepted', async () => {
    const app = await newApp();
    await patch(app, { build: 'before', branch: 'next' }, '*');
    const { id } = await api.client.deploy(app);
    await patch(app, { build: 'after', branch: null }, '*');
    expect((await api.client.deployment(id)).settings).toEqual({
      version: 1,
      values: { build: 'before', branch: 'next' },
    });
  });

  it('are of no app that there is not', async () => {
    expect(await patch('none', {}, '*')).toMatchObject({ status: 404, body: { code: 'app-not-found' } });
  });
});

it('the schema of switchyard.json is served to editors, who have no token', async () => {
  const answer = await fetch(`${api.url}/schema/switchyard.json`);
  expect(answer.headers.get('content-type')).toContain('application/schema+json');
  const schema = z.looseObject({ properties: z.looseObject({}) }).parse(await answer.json());
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false, title: 'switchyard.json' });
  expect(Object.keys(schema.properties)).toContain('requiredVariables');
});

it('a release is pinned by the number of its deployment, and shown as pinned', async () => {
  const { walk, client } = api;
  for (let count = 0; count < 2; count += 1) await walk.walk(await walk.deploy(), null);
  expect((await client.app('hello')).releases).toMatchObject([{ number: 1, pinned: false }]);
  expect((await client.pinRelease('hello', 1, true)).releases).toMatchObject([{ number: 1, pinned: true }]);
  expect((await client.pinRelease('hello', 1, false)).releases).toMatchObject([{ number: 1, pinned: false }]);
  await expect(client.pinRelease('hello', 9, true)).rejects.toMatchObject({ problem: { code: 'release-not-kept' } });
});

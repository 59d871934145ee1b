import { ApiError } from '@switchyard/client';
import { type DeploymentId, STAGES } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type RunningApi, startApi } from './testing/running-api.ts';

let api: RunningApi;

beforeEach(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
});
afterEach(() => api.close());

const failsWith = (code: string, status: number): unknown =>
  expect.objectContaining({ name: 'ApiError', code, status });

async function makeLive(): Promise<DeploymentId> {
  const { id } = await api.client.deploy('hello');
  await api.walk.walk(id, null);
  return id;
}

describe('an app', () => {
  test('is made, shown by name and by id, listed and deleted', async () => {
    const response = await api.post('/v1/apps', {
      name: 'shop',
      repository: 'https://example.org/shop.git',
      branch: 'main',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/v1/apps/shop');
    const app = await api.client.app('shop');
    expect(await response.json()).toEqual(app);
    expect(app).toMatchObject({
      name: 'shop',
      repository: 'https://example.org/shop.git',
      branch: 'main',
      url: 'http://shop.localhost:7080',
      hosts: ['shop.localhost'],
      live: null,
      releases: [],
      instances: [],
      hold: null,
    });
    expect(await api.client.app(app.id)).toEqual(app);
    expect((await api.client.listApps()).map(({ name }) => name)).toEqual(['hello', 'shop']);
    await api.client.deleteApp('shop');
    await expect(api.client.app('shop')).rejects.toEqual(failsWith('app-not-found', 404));
    await expect(api.client.deleteApp(app.id)).rejects.toEqual(failsWith('app-not-found', 404));
    expect((await api.client.listApps()).map(({ name }) => name)).toEqual(['hello']);
  });

  test('of a name that is taken is refused', async () => {
    const again = { name: 'hello', repository: 'https://example.org/a.git' };
    await expect(api.client.createApp(again)).rejects.toEqual(failsWith('app-exists', 409));
  });

  test.each([
    '/srv/app',
    'file:///srv/app',
    'ext::sh -c x',
    '--upload-pack=x',
    'https://user:hunter2@example.org/a.git',
  ])('from %s is refused, in words that say why', async (repository) => {
    const refused = api.client.createApp({ name: 'shop', repository });
    await expect(refused).rejects.toEqual(failsWith('repository-not-allowed', 400));
    await expect(refused).rejects.not.toThrow(/hunter2/);
  });

  test('from a directory is taken where the operator allows it', async () => {
    const open = await startApi({ redisUrl: inject('redisUrl'), allowFileRepositories: true });
    try {
      expect(await open.client.createApp({ name: 'shop', repository: '/srv/shop' })).toMatchObject({ name: 'shop' });
    } finally {
      await open.close();
    }
  });
});

describe('a deployment', () => {
  test('is accepted with 202 and a place to look, also without a body', async () => {
    const response = await api.ask('/v1/apps/hello/deployments', { method: 'POST' });
    expect(response.status).toBe(202);
    const deployment = (await response.json()) as { id: string };
    expect(response.headers.get('location')).toBe(`/v1/deployments/${deployment.id}`);
    expect(await api.client.deployment(deployment.id)).toEqual(deployment);
    expect(deployment).toMatchObject({
      number: 1,
      status: 'queued',
      trigger: 'api',
      ref: null,
      reuse: 'all',
      app: 'hello',
      environment: 'production',
      url: 'http://hello.localhost:7080',
      page: `http://localhost:${new URL(api.url).port}/deployments/${deployment.id}`,
    });
  });

  test('takes a ref and what may be reused, and says who asked', async () => {
    const response = await api.post(
      '/v1/apps/hello/deployments',
      { ref: 'v1.2', reuse: 'none' },
      { 'switchyard-client': 'cli' },
    );
    expect(await response.json()).toMatchObject({ ref: 'v1.2', reuse: 'none', trigger: 'cli' });
  });

  test('of an unknown app, with an unknown field or a ref in disguise is refused', async () => {
    await expect(api.client.deploy('nothing')).rejects.toEqual(failsWith('app-not-found', 404));
    await expect(api.client.deploy('hello', { ref: '--upload-pack=x' })).rejects.toEqual(
      failsWith('invalid-input', 400),
    );
    expect((await api.post('/v1/apps/hello/deployments', { force: true })).status).toBe(400);
  });

  test('is listed, page by page and over all apps', async () => {
    await api.walk.newApp('shop');
    for (let count = 0; count < 5; count += 1) await api.client.deploy('hello');
    api.walk.wait(1);
    await api.client.deploy('shop');
    const first = await api.client.deployments('hello', { limit: 2 });
    expect(first.deployments.map(({ number }) => number)).toEqual([5, 4]);
    const second = await api.client.deployments('hello', { limit: 2, before: first.next ?? undefined });
    expect(second.deployments.map(({ number }) => number)).toEqual([3, 2]);
    const third = await api.client.deployments('hello', { limit: 2, before: second.next ?? undefined });
    expect(third).toMatchObject({ deployments: [{ number: 1, app: 'hello' }], next: null });
    const recent = await api.client.recentDeployments({ limit: 3 });
    expect(recent.deployments).toHaveLength(3);
    expect(recent.deployments[0]).toMatchObject({ app: 'shop', number: 1 });
    expect(recent.deployments[0]?.stages.map(({ name }) => name)).toEqual([...STAGES]);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'before=0', 'before=-1'])('is not listed with %s', async (query) => {
    expect((await api.ask(`/v1/apps/hello/deployments?${query}`)).status).toBe(400);
  });

  test('of an id that is none is 404', async () => {
    for (const id of ['dep_aaaaaaaaaaaaaaaa', 'nothing', 'app_aaaaaaaaaaaaaaaa', '..%2Fapps'])
      await expect(api.client.deployment(decodeURIComponent(id))).rejects.toEqual(
        failsWith('deployment-not-found', 404),
      );
  });
});

describe('cancel', () => {
  test('ends a waiting deployment; asked again it is too late', async () => {
    const { id } = await api.client.deploy('hello');
    const response = await api.post(`/v1/deployments/${id}/cancel`);
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ id, status: 'cancelled' });
    await expect(api.client.cancel(id)).rejects.toEqual(failsWith('deployment-finished', 409));
  });

  test('of a running one may be asked twice', async () => {
    const { id } = await api.client.deploy('hello');
    await api.walk.walk(id, 'build');
    await api.walk.lease(id, 'build');
    expect((await api.client.cancel(id)).status).toBe('cancelling');
    expect((await api.client.cancel(id)).status).toBe('cancelling');
  });

  test('after the switch is refused, with what to do instead', async () => {
    const { id } = await api.client.deploy('hello');
    await api.walk.walk(id, 'cleanup');
    const refused = api.client.cancel(id);
    await expect(refused).rejects.toEqual(failsWith('deployment-switched', 409));
    await expect(refused).rejects.toThrow(/roll back instead/);
  });

  test('of an unknown one is 404', async () => {
    await expect(api.client.cancel('dep_aaaaaaaaaaaaaaaa')).rejects.toEqual(failsWith('deployment-not-found', 404));
  });
});

describe('what is live', () => {
  test('is said by the app, with the releases a rollback can go to', async () => {
    await makeLive();
    const second = await makeLive();
    const app = await api.client.app('hello');
    expect(app.live).toMatchObject({ number: 2, deploymentId: second, weight: 100 });
    expect(app.releases.map(({ number }) => number)).toEqual([1]);
    expect((await api.client.listApps())[0]?.live).toEqual(app.live);
  });

  test('is shown with its instances, without what they print', async () => {
    const deploymentId = await makeLive();
    await api.walk.store.instances.observe({
      v: 1,
      id: 'ins_1aaaaaa',
      hostId: 'host_aaaaaa',
      deploymentId,
      state: 'healthy',
      address: { host: '127.0.0.1', port: 20_001 },
      pid: 42,
      startedAt: 1,
      restarts: 0,
      lastExit: null,
      health: null,
      outputTail: ['password=hunter2'],
      at: 1,
    });
    const { instances } = await api.client.app('hello');
    expect(instances).toEqual([expect.objectContaining({ id: 'ins_1aaaaaa', state: 'healthy', pid: 42 })]);
    expect(await (await api.ask('/v1/apps/hello')).text()).not.toContain('hunter2');
  });

  test('is rolled back to the release before it, or to the one that is named', async () => {
    await makeLive();
    await makeLive();
    const response = await api.post('/v1/apps/hello/rollback');
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as { id: string };
    expect(response.headers.get('location')).toBe(`/v1/deployments/${id}`);
    expect(await api.client.deployment(id)).toMatchObject({ trigger: 'rollback', step: 'health', number: 3 });
    expect(await api.client.rollback('hello', { to: 1 })).toMatchObject({ trigger: 'rollback', number: 4 });
  });

  test('can’t be rolled back to nothing, to itself or to what is not kept', async () => {
    await expect(api.client.rollback('hello')).rejects.toEqual(failsWith('nothing-to-roll-back-to', 409));
    await makeLive();
    await expect(api.client.rollback('hello')).rejects.toEqual(failsWith('nothing-to-roll-back-to', 409));
    await expect(api.client.rollback('hello', { to: 1 })).rejects.toEqual(failsWith('nothing-to-roll-back-to', 409));
    await expect(api.client.rollback('hello', { to: 7 })).rejects.toEqual(failsWith('release-not-kept', 409));
    await expect(api.client.rollback('nothing')).rejects.toEqual(failsWith('app-not-found', 404));
  });

  test('is restarted; what is not live can’t be', async () => {
    await expect(api.client.restart('hello')).rejects.toEqual(failsWith('nothing-live', 409));
    await makeLive();
    expect(await api.client.restart('hello')).toMatchObject({ trigger: 'restart', step: 'health', number: 2 });
  });
});

test('errors reach the client with the whole problem', async () => {
  const error: unknown = await api.client.app('nothing').catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  expect((error as ApiError).problem).toMatchObject({ instance: '/v1/apps/nothing', fault: 'user' });
});

import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningApi, startApi } from './testing/running-api.ts';

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

const put = async (path: string, body: unknown): Promise<{ status: number; text: string }> => {
  const answer = await api.ask(path, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
};

describe('variables', () => {
  it('are sensitive and for everything unless said otherwise; a sensitive value is never answered', async () => {
    const app = await newApp();
    const set = await put(`/v1/apps/${app}/variables/TOKEN`, { value: 'quite-secret' });
    expect(set.status).toBe(200);
    expect(JSON.parse(set.text)).toMatchObject({ name: 'TOKEN', scope: 'both', sensitive: true, version: 1 });
    await api.client.setVariable(app, 'MODE', { value: 'fast', scope: 'build', sensitive: false });
    const list = await (await api.ask(`/v1/apps/${app}/variables`)).text();
    expect(JSON.parse(list)).toMatchObject({
      variables: [
        { name: 'MODE', scope: 'build', sensitive: false, value: 'fast', version: 2 },
        { name: 'TOKEN', scope: 'both', sensitive: true },
      ],
    });
    for (const text of [set.text, list]) {
      expect(text).not.toContain('quite-secret');
      expect(text).not.toContain('sealed');
    }
  });

  it('keep scope and sensitivity when only their value is new', async () => {
    const app = await newApp();
    await api.client.setVariable(app, 'A', { value: '1', scope: 'build', sensitive: false });
    expect(await api.client.setVariable(app, 'A', { value: '2' })).toMatchObject({
      scope: 'build',
      sensitive: false,
      value: '2',
    });
    expect(await api.client.setVariable(app, 'A', { value: '3', sensitive: true })).not.toHaveProperty('value');
    expect(await api.client.setVariables(app, { dotenv: 'A=4', scope: 'run' })).toMatchObject([
      { scope: 'run', sensitive: true },
    ]);
  });

  it('have versions that say when and how they were set and deleted, and never to what', async () => {
    const app = await newApp();
    await api.client.setVariable(app, 'TOKEN', { value: 'first-secret' });
    await api.client.setVariables(app, { set: { TOKEN: 'second-secret', OTHER: 'x' }, scope: 'run', sensitive: false });
    await api.client.unsetVariable(app, 'TOKEN');
    const path = `/v1/apps/${app}/variables/TOKEN/versions`;
    const text = await (await api.ask(path)).text();
    expect(text).not.toMatch(/secret|sealed|value/);
    expect(JSON.parse(text)).toEqual({
      versions: [
        { version: 3, createdAt: expect.any(Number), removed: true, scope: null, sensitive: null },
        { version: 2, createdAt: expect.any(Number), removed: false, scope: 'run', sensitive: false },
        { version: 1, createdAt: expect.any(Number), removed: false, scope: 'both', sensitive: true },
      ],
    });
    expect(await api.client.variableVersions(app, 'OTHER')).toHaveLength(1);
    for (const unknown of [`${path}?environment=preview`, `/v1/apps/${app}/variables/NEVER/versions`]) {
      const answer = await api.ask(unknown);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: 'variable-not-found' });
    }
    expect((await api.ask(`/v1/apps/${app}/variables/PORT/versions`)).status).toBe(400);
    await api.client.setVariable(app, 'TOKEN', { value: 'third' }, 'preview');
    expect(await api.client.variableVersions(app, 'TOKEN', 'preview')).toMatchObject([{ version: 1, removed: false }]);
  });

  it('come from a .env file, all or none', async () => {
    const app = await newApp();
    const set = await api.client.setVariables(app, {
      dotenv: '# mine\nexport A=1\nB="two\\nlines" # so\n',
      set: { C: '3' },
      sensitive: false,
    });
    expect(set.map(({ name, value }) => [name, value])).toEqual([
      ['A', '1'],
      ['B', 'two\nlines'],
      ['C', '3'],
    ]);
    for (const dotenv of ['D=1\nPORT=2', 'D=1\nnot-an-assignment', 'D=1\nA-B=2'])
      await expect(api.client.setVariables(app, { dotenv })).rejects.toMatchObject({
        problem: { code: 'invalid-input' },
      });
    expect((await api.client.variables(app)).map(({ name }) => name)).toEqual(['A', 'B', 'C']);
    expect(await api.client.setVariables(app, { dotenv: '' })).toEqual([]);
  });

  it('whose key is lost are listed without their values, and can be set again', async () => {
    const app = await newApp();
    const [{ id } = { id: 'env_none00' as const }] = await api.walk.store.apps.environments(
      (await api.walk.store.apps.find(app))?.id ?? 'app_none00',
    );
    await api.walk.store.variables.set(id, [
      { name: 'A', scope: 'run', environment: 'production', sensitive: false, sealed: 'v1.another-key' },
    ]);
    expect(await api.client.variables(app)).toEqual([expect.not.objectContaining({ value: expect.anything() })]);
    expect(await api.client.setVariable(app, 'A', { value: '1' })).toMatchObject({ scope: 'run', value: '1' });
  });

  it('of previews are others than production’s', async () => {
    const app = await newApp();
    await api.client.setVariable(app, 'A', { value: 'for production', sensitive: false });
    expect(
      await api.client.setVariable(app, 'A', { value: 'for previews', sensitive: false }, 'preview'),
    ).toMatchObject({
      environment: 'preview',
      value: 'for previews',
      version: 1,
    });
    await api.client.setVariables(app, { set: { B: 'secret-of-previews' } }, 'preview');
    expect(await api.client.variables(app)).toMatchObject([
      { name: 'A', environment: 'production', value: 'for production' },
    ]);
    const previews = await api.client.variables(app, 'preview');
    expect(previews).toMatchObject([{ name: 'A', value: 'for previews' }, { name: 'B' }]);
    expect(JSON.stringify(previews)).not.toContain('secret-of-previews');
    await api.client.unsetVariable(app, 'A', 'preview');
    await expect(api.client.unsetVariable(app, 'A', 'preview')).rejects.toMatchObject({
      problem: { code: 'variable-not-found', detail: expect.stringContaining('for preview') },
    });
    expect(await api.client.variables(app)).toHaveLength(1);
    expect((await api.ask(`/v1/apps/${app}/variables?environment=staging`)).status).toBe(400);
  });

  it('are deleted by name', async () => {
    const app = await newApp();
    await api.client.setVariable(app, 'A', { value: '1' });
    await api.client.unsetVariable(app, 'A');
    expect(await api.client.variables(app)).toEqual([]);
    await expect(api.client.unsetVariable(app, 'A')).rejects.toMatchObject({ problem: { code: 'variable-not-found' } });
  });

  it.each([
    ['PORT', 'PORT is set by Switchyard'],
    ['SWITCHYARD_URL', 'names that begin with SWITCHYARD_ are set by Switchyard'],
    ['A-B', 'a name of letters'],
  ])('named %s are refused with the reason, however they come', async (name, reason) => {
    const app = await newApp();
    for (const refused of [
      api.client.setVariable(app, name, { value: 'quite-secret' }),
      api.client.setVariables(app, { set: { [name]: 'quite-secret' } }),
      api.client.setVariables(app, { dotenv: `${name}=quite-secret` }),
    ]) {
      const error: unknown = await refused.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ problem: { status: 400, detail: expect.stringContaining(reason) } });
      expect(JSON.stringify(error)).not.toContain('quite-secret');
    }
  });

  it('are bounded in size and number', async () => {
    const app = await newApp();
    await expect(
      api.client.setVariable(app, 'A', { value: 'a'.repeat(LIMITS.maxVariableBytes + 1) }),
    ).rejects.toMatchObject({ problem: { code: 'invalid-input' } });
    const many = Object.fromEntries(Array.from({ length: LIMITS.maxVariables + 1 }, (_, index) => [`A${index}`, '1']));
    await expect(api.client.setVariables(app, { set: many })).rejects.toMatchObject({
      problem: { code: 'too-many-variables', status: 409 },
    });
    expect(await api.client.variables(app)).toEqual([]);
  });
});

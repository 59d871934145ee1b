import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningApi, startApi } from './testing/running-api.ts';

const TOKEN = 'glpat-quite-secret';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl'), allowFileRepositories: true });
});

afterAll(async () => {
  await api?.close();
});

let count = 0;
async function newApp(repository: string): Promise<string> {
  const name = `app-${(count += 1)}`;
  await api.client.createApp({ name, repository });
  return name;
}

const put = (app: string, body: unknown): Promise<Response> =>
  api.ask(`/v1/apps/${app}/source-credentials`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

const code = async (answer: Response): Promise<unknown> => {
  const problem: unknown = await answer.json();
  return { status: answer.status, code: Reflect.get(Object(problem), 'code') };
};

describe('a source credential', () => {
  it('of a token is shown without it, and for which host it counts', async () => {
    const app = await newApp('https://git.example.org:8443/team/app.git');
    const set = await put(app, { kind: 'token', token: TOKEN });
    const texts = [await set.text(), await (await api.ask(`/v1/apps/${app}/source-credentials`)).text()];
    for (const text of texts) {
      expect(JSON.parse(text)).toMatchObject({
        kind: 'token',
        host: 'git.example.org:8443',
        username: 'x-access-token',
        publicKey: null,
      });
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain('sealed');
    }
    expect(
      (await api.client.setSourceCredential(app, { kind: 'token', token: TOKEN, username: 'deployer' })).username,
    ).toBe('deployer');
  });

  it('of a deploy key is made anew each time, and its public half can be read again', async () => {
    const app = await newApp('git@git.example.org:team/app.git');
    const first = await api.client.setSourceCredential(app, { kind: 'deploy-key' });
    expect(first).toMatchObject({ kind: 'deploy-key', host: 'git.example.org', username: null });
    expect(first.publicKey).toMatch(/^ssh-ed25519 \S+ switchyard-app-\d+$/);
    expect(await api.client.sourceCredential(app)).toEqual(first);
    const text = await (await api.ask(`/v1/apps/${app}/source-credentials`)).text();
    expect(text).not.toContain('PRIVATE KEY');
    expect((await api.client.setSourceCredential(app, { kind: 'deploy-key' })).publicKey).not.toBe(first.publicKey);
  });

  it('is gone when it is deleted, and not found before it is set', async () => {
    const app = await newApp('https://git.example.org/team/app.git');
    const missing = { status: 404, code: 'source-credential-not-found' };
    expect(await code(await api.ask(`/v1/apps/${app}/source-credentials`))).toEqual(missing);
    await api.client.setSourceCredential(app, { kind: 'token', token: TOKEN });
    await api.client.deleteSourceCredential(app);
    expect(await code(await api.ask(`/v1/apps/${app}/source-credentials`))).toEqual(missing);
    expect(await code(await api.ask(`/v1/apps/${app}/source-credentials`, { method: 'DELETE' }))).toEqual(missing);
    expect(await code(await put('nobody', { kind: 'token', token: TOKEN }))).toEqual({
      status: 404,
      code: 'app-not-found',
    });
  });

  it.each([
    ['a token over http', 'http://git.example.org/a.git', { kind: 'token', token: TOKEN }],
    ['a token over ssh', 'git@git.example.org:a.git', { kind: 'token', token: TOKEN }],
    ['a token for a directory', '/srv/a', { kind: 'token', token: TOKEN }],
    ['a deploy key over https', 'https://git.example.org/a.git', { kind: 'deploy-key' }],
  ])('that is of no use is refused: %s', async (_, repository, body) => {
    expect(await code(await put(await newApp(repository), body))).toEqual({
      status: 409,
      code: 'source-credential-unfit',
    });
  });

  it.each([
    ['nothing', {}],
    ['no token', { kind: 'token' }],
    ['an empty token', { kind: 'token', token: '' }],
    ['a token of two lines', { kind: 'token', token: 'a\nhost=evil.test' }],
    ['a token with spaces', { kind: 'token', token: 'a b' }],
    ['a user name with a colon', { kind: 'token', token: 'a', username: 'a:b' }],
    ['a private key of the user’s own', { kind: 'deploy-key', privateKey: 'x' }],
    ['an unknown kind', { kind: 'password', password: 'x' }],
  ])('that is not valid is refused, and not repeated: %s', async (_, body) => {
    const app = await newApp('https://git.example.org/a.git');
    expect(await code(await put(app, body))).toEqual({ status: 400, code: 'invalid-input' });
  });
});

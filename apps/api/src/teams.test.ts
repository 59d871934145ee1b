import { type Client, createClient } from '@switchyard/client';
import { LIMITS, type TeamId } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { type RunningApi, startApi } from './testing/running-api.ts';

let api: RunningApi;

type Init = Omit<RequestInit, 'headers'> & { headers?: Readonly<Record<string, string>> };

interface Member {
  readonly id: TeamId;
  readonly name: string;
  readonly token: string;
  readonly client: Client;
  readonly ask: (path: string, init?: Init) => Promise<Response>;
}

let count = 0;
async function newMember(): Promise<Member> {
  const name = `team-${(count += 1)}`;
  const { team, token } = await api.client.createTeam({ name });
  return {
    id: team.id,
    name,
    token,
    client: createClient({ baseUrl: api.url, token }),
    ask: (path, init = {}) =>
      fetch(`${api.url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...init.headers },
      }),
  };
}

const repository = 'https://git.example.org/team/app.git';
const newName = (): string => `app-${(count += 1)}`;
const codeOf = async (asked: Promise<unknown>): Promise<unknown> =>
  await asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
  );

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl') });
});
afterAll(() => api.close());

describe('a team', () => {
  test('is made with a token that is shown once, and of which only a digest is kept', async () => {
    const { team, token } = await api.client.createTeam({ name: 'payments' });
    expect(team).toMatchObject({ name: 'payments', apps: 0, limits: { slots: null, unfinished: null } });
    expect(token).toMatch(/^swy_[\w-]{43}$/);
    expect(JSON.stringify(await api.client.teams())).not.toContain(token);
    expect(await api.walk.store.teams.tokenHashOf(team.id)).toMatch(/^[0-9a-f]{64}$/);
  });

  test('has a name of its own, and there are so many at most', async () => {
    const { name } = await newMember();
    expect(await codeOf(api.client.createTeam({ name }))).toBe('team-exists');
    expect(await codeOf(api.client.createTeam({ name: 'default' }))).toBe('team-exists');
    const other = await newMember();
    expect(await codeOf(api.client.updateTeam(other.name, { name }))).toBe('team-exists');
    expect((await api.client.updateTeam(other.name, { name: `${name}-2` })).id).toBe(other.id);
    expect(await codeOf(api.client.updateTeam(other.name, {}))).toBe('team-not-found');
  });

  test('that exists from the start is there, can have a token, and stays', async () => {
    expect((await api.client.teams()).map(({ id }) => id)).toContain('team_default');
    const { token } = await api.client.renewTeamToken('default');
    const client = createClient({ baseUrl: api.url, token });
    expect((await client.listApps()).map(({ name }) => name)).toEqual(['hello']);
    expect(await codeOf(api.client.deleteTeam('default'))).toBe('team-in-use');
  });

  test('is removed once it has no apps, and its token with it', async () => {
    const member = await newMember();
    const name = newName();
    await member.client.createApp({ name, repository });
    expect(await codeOf(api.client.deleteTeam(member.name))).toBe('team-in-use');
    await member.client.deleteApp(name);
    await api.client.deleteTeam(member.name);
    expect(await codeOf(member.client.listApps())).toBe('unauthenticated');
    expect(await codeOf(api.client.renewTeamToken(member.name))).toBe('team-not-found');
    expect(await codeOf(api.client.createApp({ name, repository, team: member.id }))).toBe('team-not-found');
  });

  test('with a new token has the old one, and the sessions that it opened, no more', async () => {
    const member = await newMember();
    const session = await fetch(`${api.url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: member.token }),
    });
    const cookie = session.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
    const status = async (): Promise<number> => (await fetch(`${api.url}/v1/apps`, { headers: { cookie } })).status;
    expect(await status()).toBe(200);
    const { token } = await api.client.renewTeamToken(member.name);
    expect(token).not.toBe(member.token);
    expect(await status()).toBe(401);
    expect((await member.ask('/v1/apps')).status).toBe(401);
    expect(await createClient({ baseUrl: api.url, token }).listApps()).toEqual([]);
  });

  test('has limits that the operator sets within bounds', async () => {
    const { name } = await newMember();
    const set = (limits: object) => api.client.updateTeam(name, { limits });
    expect((await set({ slots: 2 })).limits).toEqual({ slots: 2, unfinished: null });
    expect((await set({ unfinished: 10 })).limits).toEqual({ slots: 2, unfinished: 10 });
    expect((await set({ slots: null })).limits).toEqual({ slots: null, unfinished: 10 });
    for (const slots of [0, -1, 1.5, LIMITS.maxSlots + 1]) expect(await codeOf(set({ slots }))).toBe('invalid-input');
  });
});

describe('the farm’s limits', () => {
  test('are defaults until the operator says otherwise, and again afterwards', async () => {
    const before = await api.client.limits();
    expect(before).toMatchObject({ slots: LIMITS.slotsPerFarm, unfinishedPerApp: LIMITS.maxUnfinishedPerApp });
    expect(await api.client.changeLimits({ slots: 7, unfinishedPerTeam: 9 })).toEqual({
      ...before,
      slots: 7,
      unfinishedPerTeam: 9,
    });
    expect(await api.client.changeLimits({ slots: null, unfinishedPerTeam: null })).toEqual(before);
    expect(await codeOf(api.client.changeLimits({ unfinished: LIMITS.maxUnfinished + 1 }))).toBe('invalid-input');
  });

  test('hold for an app until its team says otherwise', async () => {
    const member = await newMember();
    const name = newName();
    await member.client.createApp({ name, repository });
    const { slotsPerApp: slots, unfinishedPerApp: unfinished } = await api.client.limits();
    expect(await member.client.appLimits(name)).toEqual({
      slots: null,
      unfinished: null,
      holds: { slots, unfinished },
    });
    expect((await member.client.changeAppLimits(name, { slots: 1 })).holds).toEqual({ slots: 1, unfinished });
    await member.client.changeAppLimits(name, { unfinished: 1 });
    await member.client.deploy(name);
    expect(await codeOf(member.client.deploy(name))).toBe('too-many-deployments');
  });
});

describe('the operator', () => {
  test('alone works on the farm: a team’s token is refused in words', async () => {
    const member = await newMember();
    const farm = OPERATIONS.filter(({ access }) => access === 'operator');
    expect(farm.length).toBeGreaterThanOrEqual(10);
    for (const { method, path } of farm) {
      const answer = await member.ask(concrete(path, { app: 'hello', id: 'x', team: member.name }), {
        method: method.toUpperCase(),
        ...(method === 'get' ? {} : { body: '{}' }),
      });
      expect([path, answer.status, await answer.json()]).toEqual([
        path,
        403,
        expect.objectContaining({ code: 'forbidden', detail: expect.stringContaining('operator') }),
      ]);
    }
  });

  test('sees all apps, and makes some for other teams', async () => {
    const [one, other] = [await newMember(), await newMember()];
    const names = [newName(), newName()] as const;
    expect((await api.client.createApp({ name: names[0], repository, team: one.name })).teamId).toBe(one.id);
    expect((await api.client.createApp({ name: names[1], repository, team: other.id })).teamId).toBe(other.id);
    expect((await api.client.listApps()).map(({ name }) => name)).toEqual(expect.arrayContaining([...names]));
    expect((await one.client.listApps()).map(({ name }) => name)).toEqual([names[0]]);
    expect((await api.client.deploy(names[0])).teamId).toBe(one.id);
    expect(await codeOf(one.client.createApp({ name: newName(), repository, team: other.id }))).toBe('forbidden');
    expect(await codeOf(one.client.createApp({ name: newName(), repository, team: 'nobody' }))).toBe('forbidden');
    expect(await codeOf(one.client.createApp({ name: names[1], repository }))).toBe('app-exists');
  });

  test('alone is told which processes run', async () => {
    const member = await newMember();
    expect(await (await member.ask('/readyz')).json()).not.toHaveProperty('processes');
    expect(await (await api.ask('/readyz')).json()).toHaveProperty('processes');
  });
});

const concrete = (path: string, values: Readonly<Record<string, string>>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => values[name] ?? 'unheard-of');

describe('another team', () => {
  /** Bodies that are right in form, so that it is the owner that decides. */
  const BODIES: Readonly<Record<string, unknown>> = {
    setVariable: { value: 'theirs' },
    setVariables: { set: { THEIRS: '1' } },
    scaleApp: { replicas: 2 },
    scale: { replicas: 2 },
    addDomain: { host: 'theirs.example.org' },
    setSourceCredential: { kind: 'token', token: 'theirs' },
    updateAppLimits: { slots: 1 },
  };

  test('finds nothing of a team’s app on any route, and changes nothing', async () => {
    const [mine, other] = [await newMember(), await newMember()];
    const name = newName();
    const app = await mine.client.createApp({ name, repository });
    const walked = { appId: app.id, environmentId: (await environmentOf(app.id)).id };
    await mine.client.setVariable(name, 'MINE', { value: 'mine', sensitive: false });
    await mine.client.addDomain(name, 'mine.example.org');
    const live = await api.walk.deploy(walked);
    await api.walk.walk(live, null);
    const under = await mine.client.deploy(name);
    const [release] = await api.walk.store.releases.list(walked.environmentId);
    const before = await stateOf(mine, name, under.id);

    const secrets = [app.id, live, under.id, walked.environmentId, mine.id, 'mine.example.org'];
    const askAs = async ({ id, method, path }: Operation, values: Readonly<Record<string, string>>) => {
      const at = concrete(path, values);
      const answer = await other.ask(at, {
        method: method.toUpperCase(),
        headers: { ...(id === 'createUpload' ? { 'content-type': 'application/gzip' } : {}), 'if-match': '*' },
        ...(method === 'get' || method === 'delete' ? {} : { body: JSON.stringify(BODIES[id] ?? {}) }),
      });
      return { at, status: answer.status, text: await answer.text() };
    };
    const routes = OPERATIONS.filter(({ access }) => access === 'token');
    const ofOne = routes.filter(({ path }) => /\{(app|id)\}/.test(path));
    expect(ofOne.length).toBeGreaterThan(30);
    const values = { name: 'MINE', host: 'mine.example.org', number: String(release?.number ?? 1) };
    const targets = [
      { app: name, id: live },
      { app: app.id, id: under.id },
    ];
    for (const target of targets) {
      for (const route of routes) {
        const { at, status, text } = await askAs(route, { ...values, ...target });
        const told = secrets.filter((secret) => text.includes(secret) && !at.includes(secret));
        expect(told, `${route.method} ${at}: ${status} ${text}`).toEqual([]);
      }
      for (const route of ofOne) {
        const isOfEnvironment = route.path.startsWith('/v1/environments/');
        const named = isOfEnvironment ? { ...target, id: walked.environmentId } : target;
        const [kind, code] = route.path.includes('{app}')
          ? (['app', 'app-not-found'] as const)
          : (['id', isOfEnvironment ? 'environment-not-found' : 'deployment-not-found'] as const);
        const { at, status, text } = await askAs(route, { ...values, ...named });
        expect({ status, problem: JSON.parse(text) as unknown }, `${route.method} ${at}`).toMatchObject({
          status: 404,
          problem: { code },
        });
        // As if there were nothing of that name at all.
        const nothing = await askAs(route, { ...values, app: 'nothing', id: 'dep_nothing' });
        const unheard = nothing.text.replaceAll(kind === 'app' ? 'nothing' : 'dep_nothing', 'X');
        expect(text.replaceAll(named[kind], 'X')).toBe(unheard);
      }
    }
    expect(await stateOf(mine, name, under.id)).toEqual(before);
  });

  test('has lists of its own, as long as they may be', async () => {
    const [mine, other] = [await newMember(), await newMember()];
    const [first, second] = [newName(), newName()];
    await mine.client.createApp({ name: first, repository });
    await other.client.createApp({ name: second, repository });
    for (let index = 0; index < 4; index += 1) {
      api.walk.wait(1);
      await mine.client.deploy(first);
      await other.client.deploy(second);
    }
    const numbers = async (limit: number) =>
      (await mine.client.recentDeployments({ limit })).deployments.map(({ app, number }) => [app, number]);
    expect(await numbers(3)).toEqual([
      [first, 4],
      [first, 3],
      [first, 2],
    ]);
    expect(await numbers(100)).toHaveLength(4);
  });

  test('may use the same Idempotency-Key', async () => {
    const [mine, other] = [await newMember(), await newMember()];
    const made: string[] = [];
    for (const { client, ask } of [mine, other]) {
      const name = newName();
      await client.createApp({ name, repository });
      const answer = await ask(`/v1/apps/${name}/deployments`, {
        method: 'POST',
        headers: { 'idempotency-key': 'the-same' },
        body: '{}',
      });
      expect(answer.status).toBe(202);
      made.push(((await answer.json()) as { app: string }).app);
    }
    expect(new Set(made).size).toBe(2);
  });

  async function environmentOf(id: string) {
    const [environment] = await api.walk.store.apps.environments(id as `app_${string}`);
    if (environment === undefined) throw new Error('no environment');
    return environment;
  }

  async function stateOf({ client }: Member, name: string, deployment: string): Promise<unknown> {
    return {
      app: await client.app(name),
      variables: await client.variables(name),
      domains: await client.domains(name),
      settings: await client.settings(name),
      uploads: await client.uploads(name),
      deployments: await client.deployments(name),
      deployment: await client.deployment(deployment),
      limits: await client.appLimits(name),
    };
  }
});

test('a waiting deployment says for what, behind how many and since when', async () => {
  const member = await newMember();
  const name = newName();
  await member.client.createApp({ name, repository });
  await member.client.changeAppLimits(name, { slots: 1 });
  const { id: appId } = await member.client.app(name);
  const [environment] = await api.walk.store.apps.environments(appId);
  const walked = { appId, environmentId: environment?.id ?? 'env_nothing' };
  const first = await api.walk.deploy(walked);
  for (const step of ['pin', 'source'] as const) {
    const lease = await api.walk.lease(first, step);
    api.walk.wait(4_000);
    await api.walk.store.chain.finish(lease, { kind: 'succeeded' });
  }
  const second = await api.walk.deploy(walked);
  expect((await member.client.deployment(first)).wait).toBeNull();
  await api.walk.pass(second, 'pin');
  expect(await member.client.deployment(second)).toMatchObject({
    waiting: 'slot',
    wait: {
      reason: 'slot',
      position: 1,
      of: 1,
      since: (await api.walk.get(first)).createdAt + 8_000,
      estimateMs: 4_000,
      for: { limit: 'app', slots: 1 },
      text: 'The one slot of the app is taken; it is next, some 4 s.',
    },
  });
  await member.client.changeAppLimits(name, { slots: 2 });
  expect(await member.client.deployment(second)).toMatchObject({ waiting: null, wait: null });
});

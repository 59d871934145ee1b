import { createClient } from '@switchyard/client';
import type { TeamId } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createSessions, SESSION_MS } from './session.ts';
import { newTeamToken, teamTokenHash } from './team-tokens.ts';
import { type RunningApi, startApi } from './testing/running-api.ts';

const TOKEN = 'a'.repeat(64);
const TEAM_TOKEN = newTeamToken().token;

const TEAM: TeamId = 'team_payments';
const tokens = new Map<string, TeamId>([[TEAM_TOKEN, TEAM]]);
const teams = {
  byToken: async (hash: string) => [...tokens].find(([token]) => teamTokenHash(token) === hash)?.[1] ?? null,
  tokenHashOf: async (team: string) =>
    [...tokens].filter(([, id]) => id === team).map(([token]) => teamTokenHash(token))[0] ?? null,
};

describe('a session', () => {
  const sessionsAt = (now: number, token = TOKEN) => createSessions(token, () => now, teams);

  test.each([{ team: null }, { team: TEAM }])('counts for twelve hours ($team)', async (holder) => {
    const { value, expiresAt } = await sessionsAt(1_000).issue(holder);
    expect(expiresAt).toBe(1_000 + 12 * 60 * 60 * 1_000);
    expect(await sessionsAt(expiresAt - 1).sessionOf(value)).toEqual(holder);
    expect(await sessionsAt(expiresAt).sessionOf(value)).toBeNull();
  });

  test.each([{ team: null }, { team: TEAM }])(
    'ends with the admin token, and holds no token ($team)',
    async (holder) => {
      const { value } = await sessionsAt(1_000).issue(holder);
      expect(await sessionsAt(1_000, 'b'.repeat(64)).sessionOf(value)).toBeNull();
      expect(value).not.toContain(TOKEN);
      expect(value).not.toContain(TEAM_TOKEN);
    },
  );

  test('of a team ends with the team’s token', async () => {
    const { value } = await sessionsAt(1_000).issue({ team: TEAM });
    tokens.delete(TEAM_TOKEN);
    expect(await sessionsAt(1_000).sessionOf(value)).toBeNull();
    tokens.set(newTeamToken().token, TEAM);
    expect(await sessionsAt(1_000).sessionOf(value)).toBeNull();
    tokens.clear();
    tokens.set(TEAM_TOKEN, TEAM);
    expect(await sessionsAt(1_000).sessionOf(value)).toEqual({ team: TEAM });
  });

  test('can’t be prolonged or made up, nor turned into another’s', async () => {
    const sessions = sessionsAt(1_000);
    const { value, expiresAt } = await sessions.issue({ team: null });
    const [, signature = ''] = value.split('.');
    const ofTeam = (await sessions.issue({ team: TEAM })).value;
    const made = [
      `${expiresAt + 1}.${signature}`,
      `0${value}`,
      `${value}=`,
      `${expiresAt}.`,
      `.${signature}`,
      `${expiresAt}.${'A'.repeat(43)}`,
      `${expiresAt}.${TEAM}.${signature}`,
      ofTeam.replace(`${TEAM}.`, ''),
      ofTeam.replace(TEAM, 'team_default'),
      '',
      'true',
    ];
    for (const forged of made) expect(await sessions.sessionOf(forged)).toBeNull();
  });
});

describe('in the browser', () => {
  let api: RunningApi;
  beforeAll(async () => {
    api = await startApi({ redisUrl: inject('redisUrl'), publicUrl: 'https://switchyard.example.org' });
  });
  afterAll(() => api.close());

  const open = (token: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${api.url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ token }),
    });
  const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';', 1)[0] ?? '';

  test('the token gives a cookie that scripts and other sites can’t use', async () => {
    const response = await open(api.token);
    expect(response.status).toBe(201);
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^switchyard_session=\d+\.[\w-]{43}; /);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).toContain('Path=/');
    expect(cookie).toContain('Secure');
    expect(cookie).toContain(`Max-Age=${SESSION_MS / 1_000}`);
    expect(cookie).not.toContain(api.token);
  });

  test('a wrong token gives none', async () => {
    const response = await open('0'.repeat(64));
    expect(response.status).toBe(401);
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  test('a form of another site opens none', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await open(api.token, headers)).status).toBe(415);
    expect((await open(api.token, { origin: 'https://evil.example' })).status).toBe(403);
  });

  test('the client reads and writes with the cookie alone, as the page', async () => {
    const cookie = cookieOf(await open(api.token));
    const withCookie: typeof fetch = (input, init) =>
      fetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), cookie } });
    const page = createClient({ baseUrl: api.url, fetch: withCookie });
    expect((await page.listApps()).map(({ name }) => name)).toEqual(['hello']);
    const deployment = await page.deploy('hello');
    expect(deployment.trigger).toBe('page');
    expect((await page.cancel(deployment.id)).status).toBe('cancelled');
    await page.closeSession();
  });

  test('a write that another site could cause is refused, a read of its own can’t be seen there', async () => {
    const cookie = cookieOf(await open(api.token));
    const write = (headers: Record<string, string>, body?: string): Promise<Response> =>
      fetch(`${api.url}/v1/apps/hello/deployments`, {
        method: 'POST',
        headers: { cookie, ...headers },
        ...(body === undefined ? {} : { body }),
      });
    expect((await write({})).status).toBe(403);
    expect((await write({ 'content-type': 'text/plain' }, '{}')).status).toBe(403);
    expect((await write({ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b')).status).toBe(403);
    expect((await write({ 'content-type': 'application/json', origin: 'https://evil.example' }, '{}')).status).toBe(
      403,
    );
    expect((await write({ 'switchyard-client': 'page', origin: 'null' })).status).toBe(403);
    expect((await write({ 'content-type': 'application/json' }, '{}')).status).toBe(202);
    expect((await write({ 'switchyard-client': 'page', origin: 'https://switchyard.example.org' })).status).toBe(202);
    expect((await write({ 'switchyard-client': 'page', origin: api.url })).status).toBe(202);
    const read = await fetch(`${api.url}/v1/apps`, { headers: { cookie } });
    expect(read.status).toBe(200);
    expect(read.headers.get('access-control-allow-origin')).toBeNull();
    expect(read.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  test('a wrong token is not made good by a cookie', async () => {
    const cookie = cookieOf(await open(api.token));
    const headers = { cookie, authorization: `Bearer ${'0'.repeat(64)}` };
    expect((await fetch(`${api.url}/v1/apps`, { headers })).status).toBe(401);
  });

  test('closing it takes the cookie away', async () => {
    const response = await fetch(`${api.url}/v1/session`, {
      method: 'DELETE',
      headers: { 'switchyard-client': 'page' },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('set-cookie')).toMatch(/^switchyard_session=; .*Expires=Thu, 01 Jan 1970/);
    expect((await fetch(`${api.url}/v1/session`, { method: 'DELETE' })).status).toBe(403);
  });
});

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningApi, startApi } from './testing/running-api.ts';

let api: RunningApi;

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl'), allowFileRepositories: true });
});

afterAll(async () => {
  await api?.close();
});

let count = 0;
async function newApp(): Promise<string> {
  const name = `once-${(count += 1)}`;
  await api.client.createApp({ name, repository: 'https://git.example.org/team/app.git' });
  return name;
}

const newKey = (): string => `key-${(count += 1)}`;
const deploy = (app: string, key: string, body: object = {}) =>
  api.post(`/v1/apps/${app}/deployments`, body, { 'idempotency-key': key });
const numbers = async (app: string): Promise<number[]> =>
  (await api.client.deployments(app)).deployments.map(({ number }) => number);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const fingerprintOf = (app: string): string => JSON.stringify(['POST', `/v1/apps/${app}/deployments`, {}]);
const problem = async (answer: Response): Promise<unknown> => {
  const { code } = (await answer.json()) as { code: string };
  return { status: answer.status, code };
};

describe('a request that is sent again with its key', () => {
  it('has the same answer and does nothing more', async () => {
    const app = await newApp();
    const key = newKey();
    const first = await deploy(app, key);
    const again = await deploy(app, key);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(await again.json()).toEqual(await first.json());
    expect(await numbers(app)).toEqual([1]);
  });

  it('is refused with another body, and at another app', async () => {
    const [app, other] = [await newApp(), await newApp()];
    const key = newKey();
    await deploy(app, key);
    const reused = { status: 422, code: 'idempotency-key-reused' };
    expect(await problem(await deploy(app, key, { reuse: 'none' }))).toEqual(reused);
    expect(await problem(await deploy(other, key))).toEqual(reused);
    expect(await numbers(other)).toEqual([]);
  });

  it('is done once when it is sent eight times at once', async () => {
    const app = await newApp();
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 8 }, () => deploy(app, key)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status !== 202 && status !== 409)).toEqual([]);
    expect(await numbers(app)).toEqual([1]);
    expect((await deploy(app, key)).status).toBe(202);
  });

  it('is refused while it is being answered, with when to ask again', async () => {
    const app = await newApp();
    const key = newKey();
    const held = await api.walk.store.idempotency.begin(hashOf(key), {
      fingerprint: hashOf(fingerprintOf(app)),
      owner: 'x',
    });
    expect(held.verdict).toBe('run');
    const busy = await deploy(app, key);
    expect(busy.headers.get('retry-after')).toBe('1');
    expect(await problem(busy)).toEqual({ status: 409, code: 'request-in-progress' });
  });

  it('may be corrected when it was refused: nothing was done', async () => {
    const app = await newApp();
    const key = newKey();
    expect((await deploy(app, key, { reuse: 'everything' })).status).toBe(400);
    expect((await deploy(app, key, { reuse: 'none' })).status).toBe(202);
    expect(await numbers(app)).toEqual([1]);
  });

  it('gives the webhook’s secret again, which is not to be read in Redis', async () => {
    const app = await newApp();
    const ask = () => api.post(`/v1/apps/${app}/webhook-secret`, {}, { 'idempotency-key': 'secret-once' });
    const first = (await (await ask()).json()) as { secret: string };
    expect(await (await ask()).json()).toEqual(first);
    expect(first.secret.length).toBeGreaterThan(16);
    const kept = await keptRequests(inject('redisUrl'));
    expect(kept).toContain('fingerprint');
    expect(kept).not.toContain(first.secret);
  });

  it.each(['', 'a b', 'ä', 'x'.repeat(LIMITS.maxIdempotencyKeyLength + 1)])(
    'is refused with the key %j',
    async (key) => {
      const app = await newApp();
      // Node's own client refuses to send some of these; as bytes of Latin-1 they arrive.
      const answer = await deploy(app, key);
      expect(await problem(answer)).toEqual({ status: 400, code: 'invalid-input' });
      expect(await numbers(app)).toEqual([]);
    },
  );
});

/** What the commands answer, as Redis sends it. */
async function redisSays(url: string, commands: readonly string[]): Promise<string> {
  const { hostname, port, password } = new URL(url);
  const socket = connect(Number(port), hostname);
  const login = password === '' ? [] : [`AUTH ${decodeURIComponent(password)}`];
  socket.write([...login, ...commands, 'QUIT', ''].join('\r\n'));
  return await text(socket);
}

/** Everything that is kept of requests and their answers. */
async function keptRequests(url: string): Promise<string> {
  const keys = (await redisSays(url, ['KEYS *idempotency:*'])).match(/^\S*idempotency:\S+$/gm) ?? [];
  expect(keys.length).toBeGreaterThan(0);
  return await redisSays(
    url,
    keys.map((key) => `HGETALL ${key}`),
  );
}

import { createHmac } from 'node:crypto';
import { LIMITS, type Provider } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
// @boundaries-ignore what forges send is shared with the system tests
import { deliveryOf, type ForgeDelivery, NOTHING, pushOf } from '../../../../tests/harness/forges.ts';
import { type RunningApi, startApi } from '../testing/running-api.ts';

let api: RunningApi;
let secret: string;

beforeEach(async () => {
  api = await startApi({ redisUrl: inject('redisUrl'), publicUrl: 'https://deploy.example.test' });
  secret = (await api.client.renewWebhookSecret('hello')).secret;
});
afterEach(() => api.close());

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const MAIN = { ref: 'refs/heads/main', after: A };
const providers = ['github', 'gitlab', 'gitea'] as const;

/** As a forge does: without a token. */
async function send(provider: Provider, { headers, body }: ForgeDelivery, app = 'hello') {
  const url = `${api.url}/v1/hooks/${app}/${provider}`;
  const response = await fetch(url, { method: 'POST', headers, body });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, answer, headers: response.headers };
}

describe.each(providers)('a webhook of %s', (provider) => {
  test('deploys what was pushed', async () => {
    const { status, answer, headers } = await send(provider, pushOf(provider, MAIN, { secret }));
    expect(status).toBe(202);
    expect(answer).toMatchObject({ app: 'hello', number: 1, trigger: 'webhook', ref: 'main', status: 'queued' });
    expect(headers.get('location')).toBe(`/v1/deployments/${String(answer['id'])}`);
  });

  test('deploys once when the delivery is repeated', async () => {
    const delivery = pushOf(provider, MAIN, { secret, id: 'f5ac3b0e-7c6a-11ee-8b5f-0242ac120002' });
    const { answer: first } = await send(provider, delivery);
    const { status, answer } = await send(provider, delivery);
    expect(status).toBe(200);
    expect(answer).toEqual({ cause: 'duplicate', ignored: `This delivery set off ${String(first['id'])} before.` });
    expect((await api.client.deployments('hello')).deployments).toHaveLength(1);
  });

  test.each([
    ['another branch', { ref: 'refs/heads/feature', after: A }, 'other-branch'],
    ['a tag', { ref: 'refs/tags/v1', after: A }, 'tag'],
    ['a deleted branch', { ref: 'refs/heads/main', before: A, after: NOTHING }, 'branch-deleted'],
  ] as const)('deploys nothing for %s and says why', async (_what, pushed, cause) => {
    const { status, answer } = await send(provider, pushOf(provider, pushed, { secret }));
    expect(status).toBe(200);
    expect(answer).toMatchObject({ cause, ignored: expect.stringMatching(/\.$/) });
    expect((await api.client.deployments('hello')).deployments).toEqual([]);
  });

  test('is refused when its signature is missing, of another secret, or of another body', async () => {
    const right = pushOf(provider, MAIN, { secret });
    const unsigned = Object.fromEntries(
      Object.entries(right.headers).filter(([name]) => !/signature|token/.test(name)),
    );
    const other = pushOf(provider, MAIN, { secret: `${secret}0` });
    const wrong = [{ ...right, headers: unsigned }, other];
    if (provider !== 'gitlab') wrong.push({ ...right, body: `${right.body} ` });
    for (const delivery of wrong) {
      const { status, answer, headers } = await send(provider, delivery);
      expect(status).toBe(401);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer).toMatchObject({ code: 'signature-invalid', fault: 'user' });
      expect(JSON.stringify(answer)).not.toContain(secret);
    }
    expect(await api.client.deliveries('hello')).toEqual([]);
  });

  test('of another app does not count here, and an unknown app is unknown', async () => {
    await api.client.createApp({ name: 'shop', repository: 'https://example.org/shop.git' });
    const delivery = pushOf(provider, MAIN, { secret });
    expect((await send(provider, delivery, 'shop')).status).toBe(401);
    await api.client.renewWebhookSecret('shop');
    expect((await send(provider, delivery, 'shop')).status).toBe(401);
    expect(await send(provider, delivery, 'nothing')).toMatchObject({
      status: 404,
      answer: { code: 'app-not-found' },
    });
  });

  test('with something else than a push in it is not valid', async () => {
    const broken = deliveryOf(provider, { secret, payload: { ref: 'refs/heads/main' } });
    expect(await send(provider, broken)).toMatchObject({ status: 400, answer: { code: 'invalid-input' } });
    const noEvent = { ...broken, headers: { ...broken.headers, [`x-${provider}-event`]: '' } };
    expect((await send(provider, noEvent)).status).toBe(400);
    const strangeId = deliveryOf(provider, { secret, id: 'a b', payload: {} });
    expect((await send(provider, strangeId)).status).toBe(400);
  });
});

test('a ping of GitHub is answered with its reason', async () => {
  const payload = { zen: 'Design for failure.', hook_id: 1, hook: { type: 'Repository', events: ['push'] } };
  const { status, answer } = await send('github', deliveryOf('github', { secret, event: 'ping', payload }));
  expect(status).toBe(200);
  expect(answer).toMatchObject({ cause: 'ping' });
});

test('a form of GitHub is read as well, another media type is not', async () => {
  const { body } = pushOf('github', MAIN, { secret });
  const form = new URLSearchParams({ payload: body }).toString();
  const sign = (text: string): string => `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
  const headers = { ...pushOf('github', MAIN, { secret }).headers, 'x-hub-signature-256': sign(form) };
  const type = 'application/x-www-form-urlencoded';
  expect((await send('github', { headers: { ...headers, 'content-type': type }, body: form })).status).toBe(202);
  const text = await send('github', { headers: { ...headers, 'content-type': 'text/plain' }, body: form });
  expect(text).toMatchObject({ status: 415, answer: { code: 'unsupported-media-type' } });
});

test('a body is taken up to its limit, and what is not JSON is refused', async () => {
  const { headers } = pushOf('gitlab', MAIN, { secret });
  const large = await send('gitlab', { headers, body: ' '.repeat(LIMITS.maxWebhookBodyBytes + 1) });
  expect(large).toMatchObject({ status: 413, answer: { code: 'body-too-large' } });
  expect(String(large.answer['detail'])).toContain(String(LIMITS.maxWebhookBodyBytes));
  for (const body of ['', '{', ' '.repeat(LIMITS.maxWebhookBodyBytes)])
    expect((await send('gitlab', { headers, body })).status).toBe(400);
});

test('a new secret takes the place of the one before, and is shown with the URLs to enter', async () => {
  const made = await api.client.renewWebhookSecret('hello');
  expect(made.secret).not.toBe(secret);
  expect(made.urls).toEqual({
    github: 'https://deploy.example.test/v1/hooks/hello/github',
    gitlab: 'https://deploy.example.test/v1/hooks/hello/gitlab',
    gitea: 'https://deploy.example.test/v1/hooks/hello/gitea',
  });
  expect((await send('github', pushOf('github', MAIN, { secret }))).status).toBe(401);
  expect((await send('github', pushOf('github', MAIN, { secret: made.secret }))).status).toBe(202);
});

test('an app without a secret takes nothing, an empty one included', async () => {
  await api.client.createApp({ name: 'shop', repository: 'https://example.org/shop.git' });
  for (const guess of ['', 'undefined', '0'])
    expect((await send('gitlab', pushOf('gitlab', MAIN, { secret: guess }), 'shop')).status).toBe(401);
});

test('deliveries are listed with what became of them, the newest first, and no payload', async () => {
  const first = await send('github', pushOf('github', MAIN, { secret, id: 'one' }));
  await send('github', pushOf('github', MAIN, { secret, id: 'two' }));
  await send('gitea', pushOf('gitea', { ref: 'refs/heads/feature', after: B }, { secret, id: 'three' }));
  const id = first.answer['id'];
  const found = await api.client.deliveries('hello');
  expect(found.map(({ at, reason, ...rest }) => ({ ...rest, timed: at > 0, explained: reason !== null }))).toEqual([
    {
      id: 'three',
      provider: 'gitea',
      event: 'push',
      ref: 'refs/heads/feature',
      sha: B,
      verdict: 'ignored',
      cause: 'other-branch',
      deploymentId: null,
      timed: true,
      explained: true,
    },
    {
      id: 'two',
      provider: 'github',
      event: 'push',
      ref: 'refs/heads/main',
      sha: A,
      verdict: 'ignored',
      cause: 'already-deployed',
      deploymentId: id,
      timed: true,
      explained: true,
    },
    {
      id: 'one',
      provider: 'github',
      event: 'push',
      ref: 'refs/heads/main',
      sha: A,
      verdict: 'accepted',
      cause: null,
      deploymentId: id,
      timed: true,
      explained: false,
    },
  ]);
});

test('the list keeps the last deliveries and no more', async () => {
  const ping = (id: number): ForgeDelivery =>
    deliveryOf('github', { secret, event: 'ping', id: `ping-${id}`, payload: { zen: 'Mind your words.' } });
  for (let id = 1; id <= LIMITS.keptDeliveries + 3; id += 1) await send('github', ping(id));
  const found = await api.client.deliveries('hello');
  expect(found).toHaveLength(LIMITS.keptDeliveries);
  expect(found[0]?.id).toBe(`ping-${LIMITS.keptDeliveries + 3}`);
});

test('after a rollback a push is ignored and says how to go on; then its repeated delivery deploys', async () => {
  for (const _turn of [1, 2]) await api.walk.walk((await api.client.deploy('hello')).id, null);
  const { id } = await api.client.rollback('hello');
  await api.walk.walk(id, null);
  const delivery = pushOf('github', MAIN, { secret });
  const held = await send('github', delivery);
  expect(held).toMatchObject({ status: 200, answer: { cause: 'held' } });
  expect(held.answer['ignored']).toContain('#3 rolled back');
  expect(held.answer['ignored']).toContain('switchyard resume hello');
  const [environment] = (await api.client.app('hello')).environments;
  expect(environment).toMatchObject({ name: 'production', hold: { scope: 'automatic' }, app: 'hello' });
  const environmentId = environment?.id ?? '';
  expect(held.answer['ignored']).toContain(`/v1/environments/${environmentId}/release`);
  expect((await api.client.releaseHold(environmentId)).hold).toBeNull();
  expect((await api.client.releaseHold(environmentId)).hold).toBeNull();
  await expect(api.client.releaseHold('env_nosuchone')).rejects.toMatchObject({ code: 'environment-not-found' });
  expect((await send('github', delivery)).status).toBe(202);
});

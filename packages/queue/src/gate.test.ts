import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS } from '../../../tests/harness/chain-walk.ts';

let chain: ChainWalk;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterEach(async () => {
  await chain.close();
});

describe('the gate', () => {
  it('lets one deployment in; the next waits without a slot and goes on when it has left', async () => {
    const first = await chain.deploy();
    await chain.walk(first, 'package');
    const second = await chain.deploy();
    await chain.walk(second, 'migrate');
    expect(await chain.begin(second, 'migrate')).toEqual({ answer: 'waiting' });
    expect(await chain.get(second)).toMatchObject({ waiting: 'gate' });
    await chain.walk(first, 'cleanup');
    expect(await chain.get(second)).toMatchObject({ waiting: null, step: 'migrate' });
    await chain.walk(second, null);
    expect((await chain.get(second)).status).toBe('succeeded');
  });

  it('supersedes the lower of two that wait', async () => {
    const first = await chain.deploy();
    await chain.walk(first, 'package');
    const second = await chain.deploy();
    await chain.walk(second, 'migrate');
    await chain.begin(second, 'migrate');
    const third = await chain.deploy();
    await chain.walk(third, 'migrate');
    expect(await chain.begin(third, 'migrate')).toEqual({ answer: 'waiting' });
    expect(await chain.get(second)).toMatchObject({ outcome: 'superseded', step: 'cleanup' });
  });

  it('refuses a deployment that a newer one has overtaken', async () => {
    const first = await chain.deploy();
    await chain.walk(first, 'migrate');
    const second = await chain.deploy();
    await chain.walk(second, null);
    expect(await chain.begin(first, 'migrate')).toEqual({ answer: 'done' });
    expect(await chain.get(first)).toMatchObject({ outcome: 'superseded' });
  });

  it('is given back by a failed deployment', async () => {
    const first = await chain.deploy();
    await chain.walk(first, 'health');
    await chain.pass(first, 'health', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null });
    expect(await chain.store.apps.environment(chain.app.environmentId)).toMatchObject({ gateHolder: null });
  });

  it('stays shut under a hold until a person releases it', async () => {
    const first = await chain.deploy();
    await chain.walk(first, 'migrate');
    await chain.pass(first, 'migrate', {
      kind: 'failed',
      diagnosis: DIAGNOSIS,
      note: 'host lost',
      retryAfterMs: null,
      hold: 'the migration’s outcome is unknown',
    });
    const second = await chain.deploy();
    await chain.walk(second, 'migrate');
    expect(await chain.begin(second, 'migrate')).toEqual({ answer: 'waiting' });
    expect((await chain.get(second)).waiting).toBe('hold');
    await chain.store.chain.releaseHold(chain.app.environmentId);
    await chain.walk(second, null);
    expect((await chain.get(second)).status).toBe('succeeded');
  });
});

describe('latest wins', () => {
  it('supersedes queued deployments of the same environment at once', async () => {
    const first = await chain.deploy();
    const second = await chain.deploy();
    expect((await chain.get(first)).status).toBe('superseded');
    expect((await chain.get(second)).status).toBe('queued');
  });
});

describe('a rollback', () => {
  it('enters at health with a kept release, passes a held gate, and holds automatic deployments', async () => {
    const first = await chain.deploy();
    await chain.walk(first, null);
    const second = await chain.deploy();
    await chain.walk(second, 'package');
    const id = await chain.goBack('rollback', 1);
    await chain.walk(id, null);
    expect(await chain.get(id)).toMatchObject({ status: 'succeeded', number: 3 });
    expect(await chain.store.apps.environment(chain.app.environmentId)).toMatchObject({ hold: { scope: 'automatic' } });
    await chain.walk(second, 'switch');
    const late = await chain.lease(second, 'switch');
    expect(await chain.store.chain.moveRoute(late, { releaseId: 'rel_2aaaaaa', minReady: 0 })).toEqual({
      answer: 'outdated',
    });
  });
});

import { type DeploymentId, LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS } from '../../../tests/harness/chain-walk.ts';
import type { PushAnswer } from './store.ts';

let chain: ChainWalk;
let deliveries = 0;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});
afterEach(() => chain.close());

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

function push(sha: string, deliveryId: string | null = `delivery-${(deliveries += 1)}`): Promise<PushAnswer> {
  return chain.store.chain.acceptPush({ ...chain.app, ref: 'main', sha, provider: 'github', deliveryId });
}

async function accepted(sha: string, deliveryId?: string): Promise<DeploymentId> {
  const answer = await push(sha, deliveryId);
  if (answer.answer !== 'accepted') throw new Error(answer.answer);
  return answer.deployment.id;
}

async function pinned(id: DeploymentId, sha: string): Promise<void> {
  const commit = { sha, branch: 'main', message: '', author: 'Ada', at: 1 };
  await chain.pass(id, 'pin', { kind: 'succeeded', commit });
}

async function rollBack(): Promise<DeploymentId> {
  return await chain.goBack('rollback', 1);
}

describe('a push', () => {
  it('becomes a deployment of its branch', async () => {
    expect(await chain.get(await accepted(A))).toMatchObject({ trigger: 'webhook', ref: 'main', status: 'queued' });
  });

  it('deploys once, however often and at once its delivery comes', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => push(A, 'same')));
    const taken = answers.flatMap((answer) => (answer.answer === 'accepted' ? [answer.deployment.id] : []));
    expect(taken).toHaveLength(1);
    for (const answer of answers.filter(({ answer: what }) => what !== 'accepted'))
      expect(answer).toEqual({ answer: 'duplicate', deploymentId: taken[0] });
  });

  it('with another provider’s delivery id, or another app’s, is another', async () => {
    await accepted(A, 'same');
    const gitea = { ...chain.app, ref: 'main', sha: B, provider: 'gitea', deliveryId: 'same' } as const;
    expect((await chain.store.chain.acceptPush(gitea)).answer).toBe('accepted');
    const other = await chain.newApp('other');
    expect((await chain.store.chain.acceptPush({ ...gitea, ...other, sha: A })).answer).toBe('accepted');
  });

  it('of the commit that the newest deployment deploys is needless, before it is pinned and after it went live', async () => {
    const first = await accepted(A);
    const needless = { answer: 'already-deployed', deploymentId: first };
    expect(await push(A)).toEqual(needless);
    await pinned(first, A);
    expect(await push(A, null)).toEqual(needless);
    await chain.walk(first, null);
    expect(await push(A)).toEqual(needless);
    const second = await accepted(B);
    await pinned(second, B);
    await chain.walk(second, null);
    expect((await push(A)).answer).toBe('accepted');
  });

  it('of the head that an earlier push was resolved to is needless', async () => {
    const first = await accepted(A);
    await pinned(first, B);
    expect(await push(B)).toEqual({ answer: 'already-deployed', deploymentId: first });
  });

  it('of the same commit deploys again when the newest failed or is being cancelled', async () => {
    const first = await accepted(A);
    await pinned(first, A);
    await chain.pass(first, 'source', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null });
    const second = await accepted(A);
    await pinned(second, A);
    await chain.lease(second, 'source');
    await chain.store.chain.cancel(second);
    expect((await push(A)).answer).toBe('accepted');
  });

  it('is refused when too many deployments have not ended, and its delivery may come again', async () => {
    await chain.walk(await chain.deploy(), null);
    const release = await chain.store.releases.get('rel_1aaaaaa');
    if (release === null) throw new Error('not kept');
    const restart = { ...chain.app, trigger: 'restart', what: { kind: 'restart', release } } as const;
    const waiting: DeploymentId[] = [];
    while (waiting.length < LIMITS.maxUnfinishedPerApp) waiting.push((await chain.store.chain.accept(restart)).id);
    await expect(push(A, 'late')).rejects.toMatchObject({ code: 'too-many-deployments' });
    for (const id of waiting) await chain.store.chain.cancel(id);
    expect((await push(A, 'late')).answer).toBe('accepted');
  });
});

describe('a rollback', () => {
  beforeEach(async () => {
    for (const _turn of [1, 2]) await chain.walk(await chain.deploy(), null);
  });

  it('holds pushes from when it is accepted until its hold is lifted; the held delivery may come again then', async () => {
    const id = await rollBack();
    expect(await push(A, 'held')).toEqual({ answer: 'held', reason: '#3 rolls back; automatic deployments wait.' });
    await chain.walk(id, null);
    expect(await push(A, 'held')).toMatchObject({ answer: 'held', reason: expect.stringContaining('#3 rolled back') });
    expect((await chain.get(await chain.deploy())).status).toBe('queued');
    await chain.store.chain.releaseHold(chain.app.environmentId);
    expect((await push(A, 'held')).answer).toBe('accepted');
  });

  it('leaves a hold on everything as it is', async () => {
    const failing = await chain.deploy();
    await chain.walk(failing, 'migrate');
    const hold = 'the migration’s outcome is unknown';
    await chain.pass(failing, 'migrate', { kind: 'failed', diagnosis: DIAGNOSIS, note: '', retryAfterMs: null, hold });
    await chain.walk(await rollBack(), null);
    const environment = await chain.store.apps.environment(chain.app.environmentId);
    expect(environment?.hold).toMatchObject({ scope: 'all', reason: hold });
  });
});

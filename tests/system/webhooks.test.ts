import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ForgeDelivery, pushOf } from '../harness/forges.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let secret: string;

beforeAll(async () => {
  system = await startSystem();
  repository = await createRepository(nodeApp({ says: 'one' }));
  await system.client.createApp({ name: 'shop', repository: repository.url });
  secret = (await system.client.renewWebhookSecret('shop')).secret;
  await system.deploy('shop');
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
});

async function send({ headers, body }: ForgeDelivery): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`${system.apiUrl}/v1/hooks/shop/github`, { method: 'POST', headers, body });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

/** Commits a version that says something else; the delivery is what GitHub would send. */
async function pushed(says: string, signedWith = secret): Promise<{ sha: string; delivery: ForgeDelivery }> {
  const sha = await repository.commit(nodeApp({ says }), `Say ${says}`);
  return { sha, delivery: pushOf('github', { ref: 'refs/heads/main', after: sha }, { secret: signedWith }) };
}

const told = async (): Promise<string> => (await system.visit('shop')).body;

describe.sequential('a push that a webhook tells of', { timeout: 60_000 }, () => {
  let first: ForgeDelivery;

  it('deploys the new commit', async () => {
    const { sha, delivery } = await pushed('two');
    first = delivery;
    const { status, answer } = await send(delivery);
    expect(status).toBe(202);
    const deployment = await system.waitUntilEnded(String(answer['id']));
    expect(deployment).toMatchObject({ status: 'succeeded', trigger: 'webhook', ref: 'main', commit: { sha } });
    expect(await told()).toBe('two');
  });

  it('deploys once, however often it is told of', async () => {
    expect(await send(first)).toMatchObject({ status: 200, answer: { cause: 'duplicate' } });
    const again = pushOf(
      'github',
      { ref: 'refs/heads/main', after: await repository.git('rev-parse', 'HEAD') },
      { secret },
    );
    expect(await send(again)).toMatchObject({ status: 200, answer: { cause: 'already-deployed' } });
    expect((await system.client.deployments('shop')).deployments).toHaveLength(2);
  });

  it('deploys nothing when it is not signed with the app’s secret', async () => {
    const { delivery } = await pushed('forged', 'a guess');
    expect(await send(delivery)).toMatchObject({ status: 401, answer: { code: 'signature-invalid' } });
    expect((await system.client.deployments('shop')).deployments).toHaveLength(2);
    expect(await told()).toBe('two');
  });

  it('does not undo a rollback, and deploys again when somebody resumes', async () => {
    expect((await system.waitUntilEnded((await system.client.rollback('shop')).id)).status).toBe('succeeded');
    expect(await told()).toBe('one');
    const { sha, delivery } = await pushed('three');
    const { status, answer } = await send(delivery);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ cause: 'held' });
    expect(answer['ignored']).toContain('rolled back');
    expect(await told()).toBe('one');
    await system.client.releaseHold((await system.client.app('shop')).environments[0]?.id ?? '');
    const resumed = await send(delivery);
    expect(resumed.status).toBe(202);
    const deployment = await system.waitUntilEnded(String(resumed.answer['id']));
    expect(deployment).toMatchObject({ status: 'succeeded', commit: { sha } });
    expect(await told()).toBe('three');
  });

  it('is listed with what became of it', async () => {
    const deliveries = await system.client.deliveries('shop');
    expect(deliveries.map(({ verdict, cause }) => cause ?? verdict)).toEqual([
      'accepted',
      'held',
      'already-deployed',
      'duplicate',
      'accepted',
    ]);
  });

  it('is stale when it is told of after a newer one', async () => {
    const older = await pushed('older');
    const newer = await pushed('newer');
    const first = await system.waitUntilEnded(String((await send(newer.delivery)).answer['id']));
    expect(first).toMatchObject({ status: 'succeeded', commit: { sha: newer.sha } });
    const late = await system.waitUntilEnded(String((await send(older.delivery)).answer['id']));
    expect(late).toMatchObject({ status: 'superseded', pushed: older.sha });
    expect(late.stages[0]?.note).toMatch(/^Stale: .* comes before .*, which #\d+ deploys\.$/);
    const [delivery] = await system.client.deliveries('shop');
    expect(delivery).toMatchObject({ verdict: 'ignored', cause: 'stale', deploymentId: late.id, sha: older.sha });
    expect(delivery?.reason).toContain('comes before');
    expect(await told()).toBe('newer');
  });

  it('of a branch that was put back is none too late', async () => {
    const ahead = await repository.git('rev-parse', 'HEAD');
    const back = await repository.git('rev-parse', 'HEAD~1');
    await repository.git('reset', '--quiet', '--hard', back);
    const delivery = pushOf('github', { ref: 'refs/heads/main', after: back }, { secret });
    const deployment = await system.waitUntilEnded(String((await send(delivery)).answer['id']));
    expect(deployment).toMatchObject({ status: 'succeeded', commit: { sha: back } });
    await repository.git('reset', '--quiet', '--hard', ahead);
  });

  it('leaves the secret in no log of ours', async () => {
    expect(await system.processLogs()).not.toContain(secret);
  });
});

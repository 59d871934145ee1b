import { type DeploymentId, LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS, ME, OTHER } from '../../../tests/harness/chain-walk.ts';
import type { Lease } from './store.ts';

const WORK = 'host_aaaaaa:dep-1';

let chain: ChainWalk;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterEach(async () => {
  await chain.close();
});

const claim = (lease: Lease, work: `host_aaaaaa:${string}` = WORK) => chain.store.claims.claim(lease, work);

async function atInstall(): Promise<{ id: DeploymentId; lease: Lease }> {
  const id = await chain.deploy();
  await chain.walk(id, 'install');
  return { id, lease: await chain.lease(id, 'install') };
}

/** #1 installs, #2 has been told so and waits. */
async function oneWaits() {
  const first = await atInstall();
  const second = await atInstall();
  expect(await claim(first.lease)).toEqual({ answer: 'ours' });
  expect(await claim(second.lease)).toEqual({ answer: 'theirs', number: 1 });
  await awaits(second.lease);
  return { first, second: second.id };
}

async function awaits(lease: Lease): Promise<void> {
  await chain.store.chain.finish(lease, { kind: 'awaits', work: WORK, number: 1, note: 'Waits for #1.' });
}

const begins = async (id: DeploymentId) => (await chain.begin(id, 'install', OTHER)).answer;

describe('a claim', () => {
  it('is one deployment’s until its attempt ends, and for one piece of work alone', async () => {
    const [first, second] = [await atInstall(), await atInstall()];
    expect(await claim(first.lease)).toEqual({ answer: 'ours' });
    expect(await claim(first.lease)).toEqual({ answer: 'ours' });
    expect(await claim(second.lease, 'host_aaaaaa:dep-2')).toEqual({ answer: 'ours' });
    expect(await claim(second.lease)).toEqual({ answer: 'theirs', number: 1 });
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    expect(await claim(second.lease)).toEqual({ answer: 'ours' });
  });

  it('is refused to an attempt that has lost its lease, and is gone with the lease of one that had it', async () => {
    const { id, lease } = await atInstall();
    await claim(lease);
    const other = await atInstall();
    chain.wait(LIMITS.leaseMs / 2);
    await chain.store.chain.beat(other.lease);
    chain.wait(LIMITS.leaseMs / 2 + 1);
    expect(await claim(other.lease)).toEqual({ answer: 'ours' });
    const successor = await chain.lease(id, 'install', OTHER);
    expect(await claim(lease)).toEqual({ answer: 'lease-lost' });
    expect(await claim(successor)).toEqual({ answer: 'theirs', number: 2 });
  });
});

describe('a deployment that waits for a result', () => {
  it('holds no slot, costs no attempt, says whom it waits for, and runs when that attempt has ended', async () => {
    const { first, second } = await oneWaits();
    expect(await chain.get(second)).toMatchObject({ waiting: 'result', status: 'running' });
    expect(await chain.store.deployments.counts()).toMatchObject({ waiting: { result: 1 }, slots: { farm: 1 } });
    expect(await begins(second)).toBe('waiting');
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    expect(await chain.begin(second, 'install')).toMatchObject({ answer: 'run', attempt: 2, counted: 1 });
    const stage = (await chain.get(second)).stages.find(({ name }) => name === 'install');
    expect(stage?.attempts[0]).toMatchObject({ result: 'waited', waitedFor: 1, note: 'Waits for #1.' });
    const { events } = await chain.store.events.read(second, 0);
    expect(events.filter(({ type }) => type === 'stage.waiting')).toMatchObject([
      { data: { stage: 'install', attempt: 1, waitsFor: 1 } },
    ]);
  });

  it.each([
    ['fails for good', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null }],
    ['fails and is tried again later', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: 60_000 }],
    ['is cancelled', { kind: 'cancelled' }],
    ['times out', { kind: 'timed_out', diagnosis: DIAGNOSIS, limitMs: 1 }],
    ['is handed back', { kind: 'handed_back' }],
  ] as const)('does the work itself when the other %s', async (_, result) => {
    const { first, second } = await oneWaits();
    await chain.store.chain.finish(first.lease, result);
    expect(await claim(await chain.lease(second, 'install'))).toEqual({ answer: 'ours' });
  });

  it('does the work itself within the lease when the other’s worker died', async () => {
    const { second } = await oneWaits();
    chain.wait(LIMITS.leaseMs - 1);
    await chain.store.chain.sweep(ME);
    expect(await begins(second)).toBe('waiting');
    chain.wait(2);
    await chain.store.chain.sweep(ME);
    expect(await claim(await chain.lease(second, 'install'))).toEqual({ answer: 'ours' });
  });

  it('is woken when another takes over the dead one’s stage before a sweep has seen it', async () => {
    const { first, second } = await oneWaits();
    chain.wait(LIMITS.leaseMs + 1);
    await chain.lease(first.id, 'install', OTHER);
    expect(await begins(second)).toBe('run');
  });

  it('does not wait for an attempt that ended while it made up its mind', async () => {
    const [first, second] = [await atInstall(), await atInstall()];
    await claim(first.lease);
    await claim(second.lease);
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    await awaits(second.lease);
    expect(await begins(second.id)).toBe('run');
  });

  it('is cancelled at once, and is not woken after that', async () => {
    const { first, second } = await oneWaits();
    await chain.store.chain.cancel(second);
    expect(await chain.get(second)).toMatchObject({ outcome: 'cancelled', step: 'cleanup' });
    await chain.pass(second, 'cleanup');
    await chain.store.chain.finish(first.lease, { kind: 'succeeded' });
    expect(await chain.get(second)).toMatchObject({ status: 'cancelled', step: null, waiting: null });
  });

  it('is cancelled when that was asked for while it made up its mind', async () => {
    const [first, second] = [await atInstall(), await atInstall()];
    await claim(first.lease);
    await claim(second.lease);
    await chain.store.chain.cancel(second.id);
    await awaits(second.lease);
    expect(await chain.get(second.id)).toMatchObject({ outcome: 'cancelled' });
  });

  it('is one of many: all are woken, the first takes the work on, the others wait again', async () => {
    const { first, second } = await oneWaits();
    const third = await atInstall();
    expect(await claim(third.lease)).toMatchObject({ answer: 'theirs' });
    await awaits(third.lease);
    await chain.store.chain.finish(first.lease, { kind: 'cancelled' });
    expect(await claim(await chain.lease(second, 'install'))).toEqual({ answer: 'ours' });
    expect(await claim(await chain.lease(third.id, 'install'))).toEqual({ answer: 'theirs', number: 2 });
  });
});

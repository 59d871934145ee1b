import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore the walk through the chain is shared with the tests of the api
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';

let chain: ChainWalk;

beforeAll(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterAll(async () => {
  await chain?.close();
});

const records = () => chain.store.idempotency;

describe('a request', () => {
  it('is run by the first, kept from the second, and answered to the third', async () => {
    const asked = { fingerprint: 'deploy a', owner: 'one' };
    expect(await records().begin('first', asked)).toEqual({ verdict: 'run' });
    expect(await records().begin('first', { ...asked, owner: 'two' })).toEqual({ verdict: 'running' });
    await records().keep('first', 'one', 'done');
    expect(await records().begin('first', { ...asked, owner: 'three' })).toEqual({
      verdict: 'answered',
      answer: 'done',
    });
    expect(await records().begin('first', { fingerprint: 'deploy b', owner: 'four' })).toEqual({ verdict: 'other' });
  });

  it('whose owner died is taken over after the lock, and what the dead one says late counts for nothing', async () => {
    const asked = { fingerprint: 'deploy a', owner: 'dead' };
    await records().begin('second', asked);
    chain.wait(LIMITS.idempotencyLockMs - 1);
    expect(await records().begin('second', { ...asked, owner: 'next' })).toEqual({ verdict: 'running' });
    chain.wait(1);
    expect(await records().begin('second', { ...asked, owner: 'next' })).toEqual({ verdict: 'run' });
    await records().keep('second', 'dead', 'late');
    await records().forget('second', 'dead');
    expect(await records().begin('second', { ...asked, owner: 'third' })).toEqual({ verdict: 'running' });
  });

  it('that did nothing leaves its key free', async () => {
    await records().begin('third', { fingerprint: 'deploy a', owner: 'one' });
    await records().forget('third', 'one');
    expect(await records().begin('third', { fingerprint: 'deploy b', owner: 'two' })).toEqual({ verdict: 'run' });
  });
});

describe('what is accepted under a name', () => {
  const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;

  it('is one deployment, also when the api died before it could say so', async () => {
    const request = { ...chain.app, trigger: 'api', what, once: 'a request' } as const;
    const { id } = await chain.store.chain.accept(request);
    expect((await chain.store.chain.accept(request)).id).toBe(id);
    expect((await chain.store.chain.accept({ ...request, once: 'another' })).id).not.toBe(id);
    expect((await chain.store.chain.accept({ ...request, once: null })).id).not.toBe(id);
  });
});

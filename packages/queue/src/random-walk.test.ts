import { type Deployment, type DeploymentId, isFinal, LIMITS, type StepName } from '@switchyard/domain';
import { describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, DIAGNOSIS, ME, OTHER } from '../../../tests/harness/chain-walk.ts';
import type { Lease, StepResult } from './store.ts';

/** Fixed, so that a failure can be looked at again; more by hand when something is changed here. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const MOVES = 70;

/** mulberry32: small, good enough, and the same everywhere. */
function randomOf(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count;
  };
}

class Walk {
  readonly #chain: ChainWalk;
  readonly #pick: (count: number) => number;
  readonly #ids: DeploymentId[] = [];
  readonly #leases: Lease[] = [];

  constructor(chain: ChainWalk, seed: number) {
    this.#chain = chain;
    this.#pick = randomOf(seed);
  }

  async move(): Promise<void> {
    const moves: (() => Promise<unknown>)[] = [
      () => this.#deploy(),
      () => this.#begin(),
      () => this.#begin(),
      () => this.#begin(),
      () => this.#finish(),
      () => this.#finish(),
      () => this.#finish(),
      () => this.#cancel(),
      () => this.#goBack(),
      () => this.#sweep(),
    ];
    await moves[this.#pick(moves.length)]?.();
  }

  /** Everything goes well from here on: workers come back, the sweep runs. */
  async settle(): Promise<void> {
    for (let round = 0; round < 60 && (await this.#unfinished()).length > 0; round += 1) {
      this.#chain.wait(LIMITS.leaseMs + 1);
      await this.#chain.store.chain.sweep(ME);
      for (const { id, step } of await this.#unfinished()) {
        if (step === null) continue;
        const answer = await this.#chain.begin(id, step);
        if (answer.answer === 'run') await this.#end(answer.lease, { kind: 'succeeded' });
      }
    }
  }

  async all(): Promise<Deployment[]> {
    return await Promise.all(this.#ids.map((id) => this.#chain.get(id)));
  }

  async #unfinished(): Promise<Deployment[]> {
    return (await this.all()).filter(({ status }) => !isFinal(status));
  }

  async #deploy(): Promise<void> {
    if (this.#ids.length < 8) this.#ids.push(await this.#chain.deploy());
  }

  async #begin(): Promise<void> {
    const open = await this.#unfinished();
    const one = open[this.#pick(Math.max(1, open.length))];
    if (one?.step == null) return;
    const answer = await this.#chain.begin(one.id, one.step, this.#pick(2) === 0 ? ME : OTHER);
    if (answer.answer !== 'run') return;
    if (this.#pick(2) === 0 && (await this.#leavesToAnother(answer.lease))) return;
    this.#leases.push(answer.lease);
  }

  /** Claims one of two pieces of work, and waits where another has it. */
  async #leavesToAnother(lease: Lease): Promise<boolean> {
    if (lease.step !== 'install' && lease.step !== 'build') return false;
    const work = `host_aaaaaa:${lease.step}-${this.#pick(2)}` as const;
    const claim = await this.#chain.store.claims.claim(lease, work);
    if (claim.answer !== 'theirs') return false;
    const { number } = claim;
    await this.#chain.store.chain.finish(lease, { kind: 'awaits', work, number, note: `Waits for #${number}.` });
    return true;
  }

  /** The holder of a lease finishes somehow, long after it lost it perhaps; or it dies, and says nothing. */
  async #finish(): Promise<void> {
    const [lease] = this.#leases.splice(this.#pick(Math.max(1, this.#leases.length)), 1);
    if (lease === undefined || this.#pick(8) === 0) return;
    await this.#end(lease, this.#result(lease.step));
  }

  async #end(lease: Lease, result: StepResult): Promise<void> {
    if (lease.step !== 'switch' || result.kind !== 'succeeded')
      return void (await this.#chain.store.chain.finish(lease, result));
    const moved = await this.#chain.moveRoute(lease);
    if (moved === 'moved') await this.#chain.store.chain.finish(lease, result);
    if (moved === 'outdated')
      await this.#chain.store.chain.finish(lease, { kind: 'superseded', note: 'A newer one is live.' });
    if (moved === 'cancelled') await this.#chain.store.chain.finish(lease, { kind: 'cancelled' });
  }

  #result(step: StepName): StepResult {
    const failed = { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no' } as const;
    const results: StepResult[] = [
      { kind: 'succeeded' },
      { kind: 'succeeded' },
      { kind: 'succeeded' },
      { kind: 'succeeded' },
      { ...failed, retryAfterMs: null },
      { ...failed, retryAfterMs: 500 },
      { kind: 'handed_back' },
      { kind: 'timed_out', diagnosis: DIAGNOSIS, limitMs: 1_000 },
      { kind: 'cancelled' },
    ];
    const result = results[this.#pick(results.length)] ?? { kind: 'succeeded' };
    return step === 'cleanup' && result.kind === 'cancelled' ? { kind: 'succeeded' } : result;
  }

  async #cancel(): Promise<void> {
    const id = this.#ids[this.#pick(Math.max(1, this.#ids.length))];
    if (id !== undefined && this.#pick(3) === 0) await this.#chain.store.chain.cancel(id);
  }

  async #goBack(): Promise<void> {
    const [release] = await this.#chain.store.releases.list(this.#chain.app.environmentId);
    if (release === undefined || release.liveAt === null || this.#ids.length >= 8) return;
    const kind = this.#pick(2) === 0 ? 'rollback' : 'restart';
    const { id } = await this.#chain.store.chain.accept({ ...this.#chain.app, trigger: kind, what: { kind, release } });
    this.#ids.push(id);
  }

  async #sweep(): Promise<void> {
    this.#chain.wait(this.#pick(2) === 0 ? 1_000 : LIMITS.leaseMs + 1);
    await this.#chain.store.chain.sweep(this.#pick(2) === 0 ? ME : OTHER);
  }
}

describe('whatever happens in whatever order', { timeout: 60_000 }, () => {
  it.each(SEEDS)('every deployment ends, and gives back its slot, its lease and the gate (seed %d)', async (seed) => {
    const chain = await ChainWalk.open(inject('redisUrl'));
    try {
      const walk = new Walk(chain, seed);
      for (let move = 0; move < MOVES; move += 1) await walk.move();
      await walk.settle();
      for (const { id, status, outcome, step, number } of await walk.all()) {
        expect({ number, status, step }).toEqual({ number, status: outcome, step: null });
        const { events } = await chain.store.events.read(id, 0);
        expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
        expect(events.filter(({ type }) => type === 'deployment.ended')).toHaveLength(1);
      }
      expect(await chain.store.deployments.counts()).toMatchObject({
        slots: { farm: 0 },
        waiting: { slot: 0, gate: 0, hold: 0, retry: 0, result: 0 },
      });
      expect(await chain.store.apps.environment(chain.app.environmentId)).toMatchObject({ gateHolder: null });
    } finally {
      await chain.close();
    }
  });
});

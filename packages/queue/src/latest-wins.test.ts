import { type DeploymentId, LIMITS, nextStep, type StepName } from '@switchyard/domain';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk, ME } from '../../../tests/harness/chain-walk.ts';
import type { Lease } from './store.ts';

const PUSH_EVERY_MS = 30_000;
const BUILD_MS = 60_000;
const TICK_MS = LIMITS.beatMs;

let chain: ChainWalk;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
});

afterEach(async () => {
  await chain.close();
});

/** Workers that never lack: builds take their time, under a lease that is kept; everything else takes none. */
class Workers {
  readonly #builds = new Map<DeploymentId, { lease: Lease; endsAt: number }>();
  now = 0;

  async work(ids: readonly DeploymentId[]): Promise<void> {
    for (const [id, { lease, endsAt }] of this.#builds) {
      if (endsAt > this.now) await chain.store.chain.beat(lease);
      else {
        this.#builds.delete(id);
        await chain.store.chain.finish(lease, { kind: 'succeeded' });
      }
    }
    for (const id of ids) if (!this.#builds.has(id)) await this.#advance(id);
  }

  async #advance(id: DeploymentId): Promise<void> {
    let { step } = await chain.get(id);
    while (step !== null) {
      const begun = await chain.begin(id, step);
      if (begun.answer !== 'run') return;
      if (step === 'build') {
        this.#builds.set(id, { lease: begun.lease, endsAt: this.now + BUILD_MS });
        return;
      }
      if (step === 'switch') await chain.moveRoute(begun.lease);
      await chain.store.chain.finish(begun.lease, { kind: 'succeeded' });
      step =
        (await chain.get(id)).outcome === null
          ? nextStep(step)
          : ((await chain.get(id)).step satisfies StepName | null);
    }
  }
}

it('a push every 30 s with a build of 60 s keeps going live: only what never began is superseded before the gate', {
  timeout: 60_000,
}, async () => {
  const workers = new Workers();
  const pushed: DeploymentId[] = [];
  const minutes = 10;
  for (; workers.now < minutes * 60_000; workers.now += TICK_MS) {
    if (workers.now % PUSH_EVERY_MS === 0) pushed.push(await chain.deploy());
    await workers.work(pushed);
    await chain.store.chain.sweep(ME);
    chain.wait(TICK_MS);
  }
  const all = await Promise.all(pushed.map((id) => chain.get(id)));
  const live = all.filter(({ liveAt }) => liveAt !== null);
  const times = live.map(({ liveAt }) => liveAt ?? 0);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  // From the first build on something goes live at least as often as a build takes, and in the order of the pushes.
  expect(Math.max(...gaps)).toBeLessThanOrEqual(BUILD_MS);
  expect(gaps.every((gap) => gap > 0)).toBe(true);
  expect(live.length).toBeGreaterThanOrEqual(minutes - 1);
  // Nothing that began to build was given up before it came to the gate.
  const builds = all.map(({ stages, outcome }) => ({
    outcome,
    build: stages.find(({ name }) => name === 'build')?.status,
  }));
  expect(
    builds.filter(({ outcome, build }) => outcome === 'superseded' && build !== 'succeeded' && build !== 'skipped'),
  ).toEqual([]);
});

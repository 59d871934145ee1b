import type { DeploymentId } from '@switchyard/domain';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { startRedis } from '../../tests/harness/redis.ts';
import { openFarm } from './farm.ts';
import { row } from './rows.ts';

const WORKERS = 8;
const DEPLOYMENTS = 24;
const SHORTEST_MS = 50;
const LONGEST_MS = 5_000;
const REACH_USE = 0.95;
const REACH_IDLE_MS = 100;

/**
 * Eight workers of one slot each, stages of 0.05–5 s, as many short ones as long ones on a logarithmic scale. An unfinished deployment has
 * one step that may run at any time: as long as there are eight, a slot that is idle is idle for nothing.
 */
export async function slots(): Promise<object[]> {
  const redis = await startRedis();
  const farm = await openFarm(redis.url);
  try {
    const ids = await farm.accept(DEPLOYMENTS);
    const ended = await farm.ended(ids);
    const unfinished = new Set<DeploymentId>(ids);
    const random = generator(7);
    const lastEnd = new Map<number, number>();
    let [busyMs, worstIdleMs, begunAt, fullUntil] = [0, 0, 0, Number.POSITIVE_INFINITY];
    for (let worker = 0; worker < WORKERS; worker++)
      await farm.startWorker({
        concurrency: 1,
        staysHere: true,
        pretence: async ({ id }, step) => {
          // From here on all steps are in one queue, of which each worker takes one at a time.
          if (step === 'pin' || step === 'source') return;
          const since = performance.now();
          begunAt ||= since;
          const last = lastEnd.get(worker) ?? begunAt;
          if (since < fullUntil) worstIdleMs = Math.max(worstIdleMs, since - last);
          await new Promise((resolve) => setTimeout(resolve, SHORTEST_MS * (LONGEST_MS / SHORTEST_MS) ** random()));
          const now = performance.now();
          lastEnd.set(worker, now);
          busyMs += Math.max(0, Math.min(now, fullUntil) - Math.min(since, fullUntil));
          if (step === 'cleanup') unfinished.delete(id);
          if (unfinished.size < WORKERS) fullUntil = Math.min(fullUntil, now);
        },
      });
    await ended();
    const use = busyMs / ((fullUntil - begunAt) * WORKERS);
    return [
      row({ name: 'slots: use', value: use, unit: 'share', reach: REACH_USE, holds: use >= REACH_USE }),
      row({
        name: 'slots: longest idle while a step may run',
        value: worstIdleMs,
        unit: 'ms',
        reach: REACH_IDLE_MS,
        holds: worstIdleMs <= REACH_IDLE_MS,
      }),
    ];
  } finally {
    await farm.stop();
    await redis.stop();
  }
}

/** 0 ≤ number < 1; the same ones for the same seed (a linear congruential generator with the constants of Numerical Recipes). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @boundaries-ignore the records of a simulated farm are the queue's own to open
import { openSimulatedRedis, type SimulatedRedis } from '../../packages/queue/src/testing/simulated-redis.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';
import { KEPT_SEEDS } from './kept-seeds.ts';
import { PLANTS, planted } from './plants.ts';
import { firstFound, type Outcome, simulate } from './simulate.ts';

/** Some 30 s alone on two cores; `npm run simulate -- --seeds 10000` goes on. */
const SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);
const AT_ONCE = 6;
const PLANTED_SEEDS = 1_000;

let server: RedisServer;
let redis: SimulatedRedis;

beforeAll(async () => {
  // What a Redis loses is another matter: here it loses nothing, and need not wait for a disk.
  server = await startRedis({ appendonly: 'no', appendfsync: 'no' });
  redis = await openSimulatedRedis(server.url);
});

afterAll(async () => {
  redis.close();
  await server.stop();
});

/** The story of whatever went wrong, and how to hear it again. */
const told = (outcomes: readonly Outcome[]): string[] =>
  outcomes
    .filter(({ violation }) => violation !== null)
    .map(
      ({ seed, violation, history }) => `seed ${seed}: ${violation}\n${history()}\nnpm run simulate -- --seed ${seed}`,
    );

async function all(seeds: readonly number[]): Promise<Outcome[]> {
  const left = [...seeds];
  const outcomes: Outcome[] = [];
  const lane = async (): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) outcomes.push(await simulate(redis, seed));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return outcomes;
}

describe('whatever goes wrong, in whatever order', { timeout: 600_000 }, () => {
  it('every deployment ends, nothing is done twice, the route moves by its rules, and all is given back', async () => {
    expect(told(await all(SEEDS))).toEqual([]);
  });

  it('what was found once stays mended', async () => {
    expect(told(await all(KEPT_SEEDS.map(({ seed }) => seed)))).toEqual([]);
  });

  it('a seed tells the same story again', async () => {
    const [one, other] = [await simulate(redis, 7), await simulate(redis, 7)];
    expect(other.history()).toBe(one.history());
  });
});

describe('a mistake in a script', { timeout: 600_000 }, () => {
  it.each(PLANTS)('is found: $name', async (plant) => {
    const sown = await openSimulatedRedis(server.url, planted(plant));
    try {
      expect(await firstFound(sown, PLANTED_SEEDS, plant.foundBy)).not.toBeNull();
    } finally {
      sown.close();
    }
  });
});

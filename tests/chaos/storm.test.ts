import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChaosFarm, openChaosFarm } from './chaos-farm.ts';
import { goodShare, type StormResult, storm } from './storm.ts';

/** The short form of `npm run chaos`, which has more of everything (docs/reliability.md). */
const SEED = 20_261_124;
const TIMEOUT_MS = 400_000;

let farm: ChaosFarm;

beforeAll(async () => {
  farm = await openChaosFarm({ apps: 3 });
});

afterAll(async () => {
  await farm?.close();
});

function expectNothingWrong(result: StormResult): void {
  const { failedGood, misjudged, twice, unmigrated, backwards, visitFailures, leftovers } = result;
  expect({ failedGood, misjudged, twice, unmigrated, backwards, visitFailures, leftovers }).toEqual({
    failedGood: [],
    misjudged: [],
    twice: [],
    unmigrated: [],
    backwards: [],
    visitFailures: [],
    leftovers: [],
  });
  expect(goodShare(result)).toBe(1);
}

it.sequential('workers that are killed about every two seconds lose nothing and do nothing twice', {
  timeout: TIMEOUT_MS,
}, async () => {
  const result = await storm(farm, {
    seed: SEED,
    strike: 'kill a worker',
    pushes: 8,
    workers: 3,
    everyMs: 2_000,
    jobs: false,
  });
  expect(result.strikes['worker']).toBeGreaterThan(2);
  expectNothingWrong(result);
});

it.sequential('nor do Redis, api and runner', { timeout: TIMEOUT_MS }, async () => {
  const strike = 'kill Redis, api or runner';
  const result = await storm(farm, { seed: SEED + 10, strike, pushes: 5, workers: 3, everyMs: 3_000, jobs: false });
  expect(Object.values(result.strikes).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  expectNothingWrong(result);
});

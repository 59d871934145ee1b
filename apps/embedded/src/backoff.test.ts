import { expect, test } from 'vitest';
import { restartDelay } from './backoff.ts';

test('delays double up to ten seconds, and start again after a minute up', () => {
  const delays: number[] = [];
  let deaths = 0;
  for (let round = 0; round < 8; round += 1) {
    const next = restartDelay(deaths, 10);
    deaths = next.deaths;
    delays.push(next.delayMs);
  }
  expect(delays).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  expect(restartDelay(deaths, 60_000)).toEqual({ deaths: 1, delayMs: 200 });
});

import { LIMITS } from '@switchyard/domain';
import { expect, it } from 'vitest';
import { nextLookMs } from './health-pace.ts';

it('the first looks come as fast as they may, the last as slowly', () => {
  expect(nextLookMs(0)).toBe(LIMITS.healthIntervalMs);
  expect(nextLookMs(3_600_000)).toBe(LIMITS.healthMaxIntervalMs);
});

it.each([430, 1_000, 2_400, 4_900])('an instance ready after %i ms is seen within a tenth of that', (readyMs) => {
  let sinceMs = 0;
  while (sinceMs < readyMs) sinceMs += nextLookMs(sinceMs);
  expect(sinceMs - readyMs).toBeLessThanOrEqual(readyMs / 10);
});

it('a start of a minute is looked at fewer than 200 times', () => {
  let looks = 0;
  for (let sinceMs = 0; sinceMs < 60_000; sinceMs += nextLookMs(sinceMs)) looks += 1;
  expect(looks).toBeLessThan(200);
});

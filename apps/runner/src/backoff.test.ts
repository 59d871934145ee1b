import { LIMITS } from '@switchyard/domain';
import { expect, it } from 'vitest';
import { decideBackoff } from './backoff.ts';

it('the wait doubles with each crash in a row, up to its bound', () => {
  const delays: number[] = [];
  let crashes = 0;
  for (let round = 0; round < 12; round += 1) {
    const answer = decideBackoff({ crashes, startedAt: 0 }, 1);
    crashes = answer.crashes;
    delays.push(answer.delayMs);
  }
  expect(delays.slice(0, 3)).toEqual([200, 400, 800]);
  expect(delays.at(-1)).toBe(LIMITS.restartMaxDelayMs);
});

it('an instance that stayed up starts from the beginning', () => {
  expect(decideBackoff({ crashes: 9, startedAt: 0 }, LIMITS.restartResetMs)).toEqual({
    crashes: 1,
    delayMs: LIMITS.restartBaseDelayMs,
  });
});

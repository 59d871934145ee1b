import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRetry } from './decide-retry.ts';
import type { Fault } from './errors.ts';
import { LIMITS } from './limits.ts';
import { STEPS, type StepName, stageOf } from './stages.ts';

const FAULTS: readonly Fault[] = ['user', 'platform', 'transient'];

function attemptsOf(step: StepName, fault: Fault): number {
  let attempts = 1;
  while (decideRetry({ step, fault, attempts, jitter: 0 }).retry) attempts += 1;
  return attempts;
}

describe('a failed attempt', () => {
  it.each(STEPS)('of %s is final at once when the user has to act', (step) => {
    expect(attemptsOf(step, 'user')).toBe(1);
  });

  it.each(STEPS)('of %s is tried as often as the stage allows when it is transient', (step) => {
    expect(attemptsOf(step, 'transient')).toBe(LIMITS.stageAttempts[stageOf(step)]);
  });

  it.each(STEPS)('of %s is tried at most twice when the platform is at fault', (step) => {
    expect(attemptsOf(step, 'platform')).toBe(Math.min(2, LIMITS.stageAttempts[stageOf(step)]));
  });

  it('of migrate never is tried again by itself', () => {
    for (const fault of FAULTS) expect(attemptsOf('migrate', fault)).toBe(1);
  });
});

it('the delay doubles, stays within its bounds, and never is zero', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...STEPS),
      fc.integer({ min: 1, max: 3 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (step, attempts, jitter) => {
        const answer = decideRetry({ step, fault: 'transient', attempts, jitter });
        if (!answer.retry) return;
        const ceiling = Math.min(LIMITS.retryMaxDelayMs, LIMITS.retryBaseDelayMs * 2 ** (attempts - 1));
        expect(answer.delayMs).toBeGreaterThanOrEqual(ceiling / 2);
        expect(answer.delayMs).toBeLessThanOrEqual(ceiling);
      },
    ),
  );
});

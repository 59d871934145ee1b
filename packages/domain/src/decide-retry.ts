import type { Fault } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { StepName } from './stages.ts';
import { stageOf } from './stages.ts';

export interface RetryQuestion {
  readonly step: StepName;
  readonly fault: Fault;
  /** Attempts that have run and counted, the failed one included. Lost workers and handed-back attempts do not count. */
  readonly attempts: number;
  /** 0 ≤ jitter < 1. */
  readonly jitter: number;
}

export type RetryAnswer =
  | { readonly retry: true; readonly delayMs: number; readonly of: number }
  | { readonly retry: false };

/**
 * Whether a failed attempt is followed by another. A user's fault is final at once, the platform's gets one more try, a transient one
 * has as many as its stage allows, with doubling delays and full jitter on the upper half.
 */
export function decideRetry({ step, fault, attempts, jitter }: RetryQuestion): RetryAnswer {
  const allowed = LIMITS.stageAttempts[stageOf(step)];
  const of = fault === 'user' ? 1 : fault === 'platform' ? Math.min(2, allowed) : allowed;
  if (attempts >= of) return { retry: false };
  const ceiling = Math.min(LIMITS.retryMaxDelayMs, LIMITS.retryBaseDelayMs * 2 ** (attempts - 1));
  return { retry: true, of, delayMs: Math.round(ceiling / 2 + (ceiling / 2) * jitter) };
}

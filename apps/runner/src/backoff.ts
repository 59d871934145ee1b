import { LIMITS } from '@switchyard/domain';

/** Crashes in a row, and when the instance last started. */
export interface CrashHistory {
  readonly crashes: number;
  readonly startedAt: number;
}

/** One more crash at `now`: how many in a row that makes, and how long to wait before the next start. */
export function decideBackoff(history: CrashHistory, now: number): { crashes: number; delayMs: number } {
  const stayedUp = now - history.startedAt >= LIMITS.restartResetMs;
  const crashes = stayedUp ? 1 : history.crashes + 1;
  return { crashes, delayMs: Math.min(LIMITS.restartMaxDelayMs, LIMITS.restartBaseDelayMs * 2 ** (crashes - 1)) };
}

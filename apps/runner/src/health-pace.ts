import { LIMITS } from '@switchyard/domain';

/**
 * How long to wait before the next look at an instance that has been starting for `sinceMs`: a tenth of that, within the limits. A look comes
 * so at most a tenth of its start after an instance is ready; doubling the wait made a start of 430 ms one of 780 ms.
 */
export function nextLookMs(sinceMs: number): number {
  return Math.min(LIMITS.healthMaxIntervalMs, Math.max(LIMITS.healthIntervalMs, Math.round(sinceMs / 10)));
}

import { type Clock, SwitchyardError } from '@switchyard/domain';
import type { Unsubscribe } from '@switchyard/queue';

/** Hints may be lost: what is waited for is looked at again after this time. */
const POLL_MS = 1_000;
const RETRY_MS = 200;

const isRedisAway = (error: unknown): boolean => error instanceof SwitchyardError && error.code === 'redis-unavailable';

/** Resolves after a time, at a hint, or when the signal is aborted. */
async function pause(
  milliseconds: number,
  signal: AbortSignal | null,
  onWake?: (wake: () => void) => void,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    onWake?.(done);
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}

/**
 * Looks until `look` finds something: at once, at every hint, and every second. Answers null at `until`. Redis being away is waited out.
 * Throws the signal's reason when it is aborted; a null signal can't be.
 */
export async function waitUntil<Found>(
  look: () => Promise<Found | null>,
  options: {
    onHint: (listener: () => void) => Unsubscribe;
    until: number | null;
    signal: AbortSignal | null;
    clock: Clock;
    pollMs?: number;
  },
): Promise<Found | null> {
  const { until, signal, clock, pollMs = POLL_MS } = options;
  let hinted = false;
  let wake: () => void = () => undefined;
  const unsubscribe = options.onHint(() => {
    hinted = true;
    wake();
  });
  try {
    for (;;) {
      signal?.throwIfAborted();
      hinted = false;
      const found = await look().catch((error: unknown) => {
        if (isRedisAway(error)) return null;
        throw error;
      });
      if (found !== null) return found;
      const left = until === null ? pollMs : until - clock();
      if (left <= 0) return null;
      if (hinted) continue;
      await pause(Math.min(pollMs, left), signal, (resume) => {
        wake = resume;
      });
    }
  } finally {
    unsubscribe();
  }
}

/**
 * Does something that is safe to repeat, again and again while Redis is away. Throws the signal's reason when it is aborted: by the
 * latest when the lease has run out. Nothing is done when it is aborted before.
 */
export async function insist<Answer>(signal: AbortSignal, act: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!isRedisAway(error)) throw error;
    }
    await pause(RETRY_MS, signal);
  }
}

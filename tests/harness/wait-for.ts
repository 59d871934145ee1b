import { setTimeout as pause } from 'node:timers/promises';

/** Looks until it is so; rejects after `timeoutMs` with what was waited for. For set-up, where `expect.poll` can't be. */
export async function waitFor(
  what: string,
  isSo: () => Promise<boolean>,
  timeoutMs: number,
  intervalMs = 25,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await pause(intervalMs);
  }
}

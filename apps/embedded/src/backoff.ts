const BASE_MS = 200;
const MAX_MS = 10_000;
const RESET_AFTER_MS = 60_000;

/** How long to wait before a process that died is started again: doubling, from the beginning again once it stayed up for a minute. */
export function restartDelay(previousDeaths: number, upMs: number): { deaths: number; delayMs: number } {
  const deaths = upMs >= RESET_AFTER_MS ? 1 : previousDeaths + 1;
  return { deaths, delayMs: Math.min(MAX_MS, BASE_MS * 2 ** (deaths - 1)) };
}

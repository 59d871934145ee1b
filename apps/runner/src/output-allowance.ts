import { LIMITS } from '@switchyard/domain';

/**
 * How many bytes of an instance's output may be kept: `outputBurstBytes` at once, then `outputBytesPerSecond`. Once it is used up nothing
 * is kept until there is enough for a second: lines that stand together say more than every hundredth one.
 */
export class OutputAllowance {
  #bytes: number = LIMITS.outputBurstBytes;
  #at: number;
  #isUsedUp = false;

  constructor(now: number) {
    this.#at = now;
  }

  /** Bytes that may be kept at this time; 0 while it is used up. */
  at(now: number): number {
    const earned = (Math.max(0, now - this.#at) / 1_000) * LIMITS.outputBytesPerSecond;
    this.#bytes = Math.min(LIMITS.outputBurstBytes, this.#bytes + earned);
    this.#at = now;
    if (this.#isUsedUp && this.#bytes < LIMITS.outputBytesPerSecond) return 0;
    this.#isUsedUp = false;
    return Math.max(0, this.#bytes);
  }

  take(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes <= 0) this.#isUsedUp = true;
  }
}

import { type Clock, LIMITS } from '@switchyard/domain';
import type { Lease, Store } from '@switchyard/queue';

/**
 * Extends a lease while its step runs. Without an answer of Redis the work goes on for as long as the lease would last by this process's
 * own clock; then it counts as lost, since another worker may have it.
 */
export class LeaseKeeper {
  readonly #chain: Pick<Store['chain'], 'beat'>;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #onCancel: () => void;
  readonly #lost = new AbortController();
  readonly #beats: NodeJS.Timeout;
  #deadline: NodeJS.Timeout;
  #isBeating = false;
  #isOver = false;

  /** `since`: a moment before `begin` was asked. */
  constructor(options: {
    chain: Pick<Store['chain'], 'beat'>;
    lease: Lease;
    clock: Clock;
    since: number;
    onCancel: () => void;
  }) {
    this.#chain = options.chain;
    this.#lease = options.lease;
    this.#clock = options.clock;
    this.#onCancel = options.onCancel;
    this.#beats = setInterval(() => void this.#beat(), LIMITS.beatMs);
    this.#deadline = this.#deadlineFrom(options.since);
  }

  /** Aborted when the lease is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  release(): void {
    this.#isOver = true;
    clearInterval(this.#beats);
    clearTimeout(this.#deadline);
  }

  #deadlineFrom(since: number): NodeJS.Timeout {
    return setTimeout(() => this.#lose(), since + LIMITS.leaseMs - this.#clock());
  }

  #lose(): void {
    this.release();
    this.#lost.abort();
  }

  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    const since = this.#clock();
    try {
      const answer = await this.#chain.beat(this.#lease);
      if (this.#isOver) return;
      if (answer === 'lost') {
        this.#lose();
        return;
      }
      clearTimeout(this.#deadline);
      this.#deadline = this.#deadlineFrom(since);
      if (answer === 'cancel') this.#onCancel();
    } catch {
      // Redis is away; the deadline decides.
    } finally {
      this.#isBeating = false;
    }
  }
}

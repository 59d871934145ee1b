import { stageOf } from '@switchyard/domain';
import type { Lease, StepResult, Store } from '@switchyard/queue';
import type { Log, LogArchive } from '@switchyard/service';
import { needlesOf } from '@switchyard/service';
import { LogArchiver } from './log-archiver.ts';
import { type Batch, LogSink } from './log-sink.ts';

/**
 * The log of one attempt on its way to Redis and blobs. `pin` is shown as part of the source stage, whose own first attempt follows: its
 * lines are held, and shown only when it failed.
 */
export class AttemptLog {
  readonly sink: LogSink;
  readonly #events: Store['events'];
  readonly #archiver: LogArchiver;
  readonly #lease: Lease;
  readonly #attempt: number;
  readonly #log: Log;
  readonly #held: Batch[] = [];
  #isHeld: boolean;

  constructor(options: {
    events: Store['events'];
    archive: LogArchive;
    lease: Lease;
    attempt: number;
    secrets: readonly string[];
    lost: AbortSignal;
    log: Log;
  }) {
    const { events, archive, lease, log } = options;
    this.#events = events;
    this.#lease = lease;
    this.#attempt = options.attempt;
    this.#log = log;
    this.#isHeld = lease.step === 'pin';
    this.#archiver = new LogArchiver({ events, archive, deploymentId: lease.deploymentId });
    this.sink = new LogSink({
      append: (batch, bytes) => this.#append(batch, bytes),
      needles: needlesOf(options.secrets),
      lost: options.lost,
      onError: (error) => log.warn({ err: error }, 'log lines could not be kept'),
    });
  }

  /** Sends what is left. After cleanup nothing follows: the whole log goes to blobs. */
  async close(result: StepResult | null): Promise<void> {
    if (result?.kind === 'failed' || result?.kind === 'timed_out') this.#isHeld = false;
    await this.sink.close();
    if (this.#lease.step !== 'cleanup' || result === null || result.kind === 'handed_back') return;
    await this.#archiver.seal().catch((error: unknown) => {
      this.#log.warn({ err: error }, 'the log stays in Redis: it could not be written to blobs');
    });
  }

  async #append(batch: Batch, bytes: number): Promise<boolean> {
    if (this.#isHeld) {
      this.#held.push(batch);
      return true;
    }
    for (let held = this.#held[0]; held !== undefined; held = this.#held[0]) {
      if ((await this.#send(held)) === null) return false;
      this.#held.shift();
    }
    if ((await this.#send(batch)) === null) return false;
    await this.#archiver.sent(bytes).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'a chunk of log could not be written to blobs');
    });
    return true;
  }

  async #send(batch: Batch): Promise<number | null> {
    return await this.#events.appendLog(this.#lease, {
      stage: stageOf(this.#lease.step),
      attempt: this.#attempt,
      ...batch,
    });
  }
}

import type { Readable } from 'node:stream';
import { asReadable, type Engine } from './engine.ts';
import { LABEL } from './names.ts';

/** Says when a container of the farm may have ended. One stream of the engine's events serves all that wait; it is opened on first use. */
export class EngineEvents {
  readonly #engine: Engine;
  readonly #farmId: string;
  #stream: Promise<Readable> | null = null;
  #closed = false;
  readonly #waiting = new Set<() => void>();

  constructor(engine: Engine, farmId: string) {
    this.#engine = engine;
    this.#farmId = farmId;
  }

  /** Resolves at the next event, when the engine goes away, and when the signal is aborted. Rejects when the engine does not answer. */
  async wait(signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#closed) return;
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    try {
      this.#stream ??= this.#open();
      await Promise.race([this.#stream, woken]);
      await woken;
    } finally {
      signal.removeEventListener('abort', wake);
      this.#waiting.delete(wake);
    }
  }

  close(): void {
    this.#closed = true;
    this.#wakeAll();
    void this.#stream?.then(
      (stream) => stream.destroy(),
      () => {},
    );
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
  }

  async #open(): Promise<Readable> {
    // As text, since the types of the client know all kinds of objects but containers.
    const filters = JSON.stringify({
      type: ['container'],
      event: ['die', 'destroy'],
      label: [`${LABEL.farm}=${this.#farmId}`],
    });
    try {
      const stream = asReadable(await this.#engine.getEvents({ filters }));
      const over = () => {
        this.#stream = null;
        this.#wakeAll();
      };
      stream.on('data', () => this.#wakeAll());
      stream.once('end', over);
      stream.once('close', over);
      stream.on('error', over);
      if (this.#closed) stream.destroy();
      return stream;
    } catch (error) {
      this.#stream = null;
      throw error;
    }
  }
}

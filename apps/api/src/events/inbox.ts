export interface News<Event> {
  readonly events: readonly Event[];
  /** Something may have been missed: read again. */
  readonly reread: boolean;
}

/**
 * Holds what a subscription delivers until it is taken. One that fills up is emptied and asks for a reading instead: memory is bounded.
 * Ends with the signal.
 */
export class Inbox<Event extends { readonly id: number }> {
  readonly #maxEvents: number;
  readonly #signal: AbortSignal;
  #events: Event[] = [];
  #reread = false;
  #wake: (() => void) | null = null;

  constructor(maxEvents: number, signal: AbortSignal) {
    this.#maxEvents = maxEvents;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  readonly put = (event: Event | 'reread'): void => {
    if (event === 'reread' || this.#events.length >= this.#maxEvents) {
      this.#events = [];
      this.#reread = true;
    } else if (!this.#reread) this.#events.push(event);
    this.#wake?.();
  };

  /** What has come; waits for it when there is nothing. null when the signal fires. */
  async take(): Promise<News<Event> | null> {
    while (this.#events.length === 0 && !this.#reread && !this.#signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    this.#wake = null;
    if (this.#signal.aborted) return null;
    const news = { events: this.#events, reread: this.#reread };
    this.#events = [];
    this.#reread = false;
    return news;
  }

  /**
   * What has come of the events that follow `last` without a gap; `missed`: what came after them is lost, and the past has to be read
   * again from there. Waits when there is nothing; null when the signal fires.
   */
  async takeAfter(last: number): Promise<{ events: Event[]; missed: boolean } | null> {
    const news = await this.take();
    if (news === null) return null;
    const events: Event[] = [];
    for (const event of news.events) {
      const next = (events.at(-1)?.id ?? last) + 1;
      if (event.id < next) continue;
      if (event.id > next) return { events, missed: true };
      events.push(event);
    }
    return { events, missed: news.reread };
  }
}

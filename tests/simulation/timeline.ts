const nextTurn = setImmediate;

interface Entry {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

/** A moment that may be taken back. */
export interface Planned {
  cancel(): void;
}

/**
 * Time that moves only when everything that could happen now has happened. Planned moments run one after the other: the next one begins
 * when what the last one set off waits for a moment of its own, and all of Redis's answers that were under way are in.
 */
export class Timeline {
  now: number;
  readonly #heap: Entry[] = [];
  #order = 0;
  #underWay = 0;
  #answered: (() => void) | null = null;

  constructor(now: number) {
    this.now = now;
  }

  plan(at: number, run: () => void): Planned {
    const entry: Entry = { at: Math.max(at, this.now), order: this.#order, run };
    this.#order += 1;
    this.#push(entry);
    return {
      cancel() {
        entry.run = null;
      },
    };
  }

  /** Something real, such as a command of Redis, during which time stands still. */
  async during<Answer>(real: Promise<Answer>): Promise<Answer> {
    this.#underWay += 1;
    try {
      return await real;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#answered?.();
    }
  }

  /** Until `isOver`, which is asked after each moment, or until nothing is planned any more. */
  async run(isOver: () => boolean): Promise<void> {
    await this.#settle();
    while (!isOver()) {
      const entry = this.#pop();
      if (entry === null) return;
      if (entry.run === null) continue;
      this.now = entry.at;
      entry.run();
      await this.#settle();
    }
  }

  async #settle(): Promise<void> {
    do {
      if (this.#underWay > 0)
        await new Promise<void>((resolve) => {
          this.#answered = resolve;
        });
      this.#answered = null;
      await new Promise<void>((resolve) => void nextTurn(resolve));
    } while (this.#underWay > 0);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const [child, at] = other !== undefined && isBefore(other, one) ? [other, left + 1] : [one, left];
      if (!isBefore(child, last)) break;
      heap[index] = child;
      index = at;
    }
    heap[index] = last;
    return first;
  }
}

const isBefore = (one: Entry, other: Entry): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** A numbered line of an attempt's log. */
export interface Line {
  /** Counts from 1. */
  readonly number: number;
  readonly text: string;
}

export const bytesOf = (text: string): number => Buffer.byteLength(text) + 1;

/** Holds the first and the last bytes of what is pushed into it, in whole lines; the middle goes. */
export class HeadAndTail {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly head: Line[] = [];
  #tail: Line[] = [];
  /** Lines before this index of `#tail` are gone; they are cut off once there are many. */
  #first = 0;
  #inHead = 0;
  #inTail = 0;
  #headIsFull = false;
  /** Bytes and lines that have gone. */
  omittedBytes = 0;
  omittedLines = 0;

  constructor(headBytes: number, tailBytes: number) {
    this.#headBytes = headBytes;
    this.#tailBytes = tailBytes;
  }

  /** Answers whether the line is part of the head. */
  push(line: Line): boolean {
    const bytes = bytesOf(line.text);
    if (!this.#headIsFull && this.#inHead + bytes <= this.#headBytes) {
      this.#inHead += bytes;
      this.head.push(line);
      return true;
    }
    this.#headIsFull = true;
    this.#tail.push(line);
    this.#inTail += bytes;
    while (this.#inTail > this.#tailBytes) this.#dropFirst();
    return false;
  }

  get tail(): readonly Line[] {
    return this.#tail.slice(this.#first);
  }

  #dropFirst(): void {
    const dropped = this.#tail[this.#first];
    if (dropped === undefined) return;
    const bytes = bytesOf(dropped.text);
    this.#first += 1;
    this.#inTail -= bytes;
    this.omittedBytes += bytes;
    this.omittedLines += 1;
    if (this.#first > 1_000 && this.#first > this.#tail.length / 2) {
      this.#tail = this.#tail.slice(this.#first);
      this.#first = 0;
    }
  }
}

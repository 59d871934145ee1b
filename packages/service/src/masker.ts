export const MASK = '***';

/**
 * Replaces secret values in a stream of text, however the stream is cut into pieces: every stretch that values cover, overlapping ones
 * together, becomes one `***`. Held back is at most what may still become a value.
 */
export class Masker {
  readonly #needles: readonly string[];
  readonly #pattern: string;
  readonly #firsts: ReadonlySet<string>;
  /** What has not been given out. */
  #held = '';
  /** How much of `#held` lies in a stretch whose `***` has been given out. */
  #covered = 0;

  /** `needles` as `needlesOf` makes them. */
  constructor(needles: readonly string[]) {
    this.#needles = needles;
    this.#pattern = needles.map((needle) => needle.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`)).join('|');
    this.#firsts = new Set(needles.map((needle) => needle.charAt(0)));
  }

  /** The next piece; answers what is safe to show. */
  push(piece: string): string {
    if (this.#needles.length === 0) return piece;
    const text = this.#held + piece;
    return this.#mask(text, this.#holdFrom(text));
  }

  /** Whether something is held back, or a value may go on in the next piece. */
  get isHolding(): boolean {
    return this.#held !== '' || this.#covered > 0;
  }

  /** No more comes; answers the rest. */
  end(): string {
    const text = this.#held;
    return text === '' ? '' : this.#mask(text, text.length);
  }

  /** From where on `text` may be the beginning of a value that the next piece completes. */
  #holdFrom(text: string): number {
    const longest = this.#needles[0]?.length ?? 0;
    for (let index = Math.max(0, text.length - longest + 1); index < text.length; index += 1) {
      if (!this.#firsts.has(text.charAt(index))) continue;
      const rest = text.slice(index);
      if (this.#needles.some((needle) => needle.length > rest.length && needle.startsWith(rest))) return index;
    }
    return text.length;
  }

  #mask(text: string, holdFrom: number): string {
    const anywhere = new RegExp(this.#pattern, 'g');
    const here = new RegExp(this.#pattern, 'y');
    let out = '';
    let at = 0;
    let coveredUntil = this.#covered;
    for (;;) {
      // A value that begins inside the stretch makes it longer.
      for (; at < coveredUntil; at += 1) {
        if (at >= holdFrom) return this.#hold(text, at, coveredUntil - at, out);
        here.lastIndex = at;
        coveredUntil = Math.max(coveredUntil, at + (here.exec(text)?.[0].length ?? 0));
      }
      anywhere.lastIndex = at;
      const match = anywhere.exec(text);
      if (match === null || match.index >= holdFrom)
        return this.#hold(text, holdFrom, 0, out + text.slice(at, holdFrom));
      out += text.slice(at, match.index) + MASK;
      at = match.index;
      coveredUntil = match.index + match[0].length;
    }
  }

  #hold(text: string, from: number, covered: number, out: string): string {
    this.#held = text.slice(from);
    this.#covered = covered;
    return out;
  }
}

/** Masks a text of its own. */
export function maskText(needles: readonly string[], text: string): string {
  const masker = new Masker(needles);
  return masker.push(text) + masker.end();
}

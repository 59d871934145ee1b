/** Values shorter than this are not masked: they occur by chance, and masking them would only make logs unreadable. */
const MIN_SECRET_LENGTH = 6;
/** Lines of a value of several lines are masked one by one too: tools print keys with other line ends, or indented. */
const MIN_SECRET_LINE_LENGTH = 16;
/** Encoded pieces shorter than this occur by chance. */
const MIN_ENCODED_LENGTH = 8;
export const MASK = '***';

/**
 * Base64 of a value as a part of a longer encoded text (`user:password`): it starts at one of three places of a group, and only its
 * whole groups look the same wherever it stands.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return encoded.slice(shift === 0 ? 0 : 4, encoded.endsWith('=') ? -4 : undefined);
  });
  forms.push(bytes.toString('base64').replace(/=+$/, ''));
  return [...forms, ...forms.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))].filter(
    (form) => form.length >= MIN_ENCODED_LENGTH,
  );
}

function linesOf(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  return lines.length < 2 ? [] : lines.filter((line) => line.length >= MIN_SECRET_LINE_LENGTH);
}

/** The forms in which values may turn up in output: raw, base64, URL- and JSON-escaped. Longest first, without doubles. */
export function needlesOf(secrets: readonly string[]): string[] {
  const forms = secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    // As UTF-8 carries it.
    .map((secret) => Buffer.from(secret).toString())
    .flatMap((secret) => [
      secret,
      ...base64Forms(secret),
      encodeURIComponent(secret),
      new URLSearchParams({ '': secret }).toString().slice(1),
      JSON.stringify(secret).slice(1, -1),
      ...linesOf(secret),
    ]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

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

/** Of more lines with a text, these many from the start and from the end: a message that repeats is told by either. */
const FIRST_LINES = 200;
const LAST_LINES = 100;
const BITS = 20;
const MASK = (1 << BITS) - 1;

/**
 * Finds lines by what they contain. Hundreds of texts are asked for and nearly all of them are nowhere: which runs of four characters occur
 * is noted once (1 MiB: 4 ms), so that a text with a run that does not is answered without a search (1 MiB: up to 1 ms each).
 */
export class TextIndex {
  /** All lines in lower case. */
  readonly text: string;
  private readonly starts: number[] = [];
  private readonly runs = new Uint8Array(1 << BITS);

  constructor(lines: readonly string[]) {
    const lower = lines.join('\n').toLowerCase();
    this.text = lower;
    let start = 0;
    while (start >= 0) {
      this.starts.push(start);
      const end = lower.indexOf('\n', start);
      start = end < 0 ? -1 : end + 1;
    }
    let run = 0;
    for (let at = 0; at < lower.length; at++) {
      run = next(run, lower.charCodeAt(at));
      if (at >= 3) this.runs[run] = 1;
    }
  }

  /** Indices of lines that hold one of the texts, ascending. */
  linesWith(texts: readonly string[]): readonly number[] {
    const found = new Set<number>();
    for (const text of texts) if (this.mayHold(text)) this.collect(text, found);
    return found.size < 2 ? [...found] : [...found].toSorted((a, b) => a - b);
  }

  private mayHold(text: string): boolean {
    let run = 0;
    for (let at = 0; at < text.length; at++) {
      run = next(run, text.charCodeAt(at));
      if (at >= 3 && this.runs[run] === 0) return false;
    }
    return true;
  }

  private collect(text: string, found: Set<number>): void {
    let count = 0;
    let at = this.text.indexOf(text);
    let line = 0;
    while (at >= 0 && count < FIRST_LINES) {
      line = this.lineAt(at, line);
      found.add(line);
      count++;
      const following = this.starts[line + 1];
      at = following === undefined ? -1 : this.text.indexOf(text, following);
    }
    if (at < 0) return;
    let from = this.text.length;
    for (count = 0; count < LAST_LINES; count++) {
      const last = this.text.lastIndexOf(text, from);
      if (last < at) return;
      const index = this.lineAt(last, 0);
      found.add(index);
      from = (this.starts[index] ?? 0) - 1;
      if (from < 0) return;
    }
  }

  /** The line that holds an offset, looked for from `from` on. */
  private lineAt(offset: number, from: number): number {
    let low = from;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? Number.POSITIVE_INFINITY) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** A mark of the last four characters: five bits of each, the older ones shifted out. */
function next(run: number, code: number): number {
  return ((run << 5) ^ (code & 0xff)) & MASK;
}

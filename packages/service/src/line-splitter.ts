/**
 * Makes lines of output that comes in pieces. Of a line that a tool draws again and again (`\r` without `\n`) the last drawing stays; a
 * line longer than `maxLineLength` characters is cut, with a mark.
 */
export class LineSplitter {
  readonly #maxLineLength: number;
  #line = '';
  /** Characters of the current drawing that did not fit. */
  #cut = 0;
  /** The next character begins a new drawing. */
  #redraw = false;

  constructor(maxLineLength: number) {
    this.#maxLineLength = maxLineLength;
  }

  /** Whether a line has begun that has no end yet. */
  get isAmidLine(): boolean {
    return this.#line !== '' || this.#cut > 0;
  }

  /** The next piece; answers the lines that it completes. */
  push(piece: string): string[] {
    const lines: string[] = [];
    let from = 0;
    for (const { index, 0: end } of piece.matchAll(/[\r\n]/g)) {
      this.#draw(piece.slice(from, index));
      from = index + 1;
      if (end === '\r') this.#redraw = true;
      else lines.push(this.#take());
    }
    this.#draw(piece.slice(from));
    return lines;
  }

  /** No more comes; answers the last line when it has no end. */
  end(): string[] {
    return this.#line === '' ? [] : [this.#take()];
  }

  #draw(text: string): void {
    if (text === '') return;
    if (this.#redraw) {
      this.#line = '';
      this.#cut = 0;
      this.#redraw = false;
    }
    const fits = text.slice(0, this.#maxLineLength - this.#line.length);
    this.#line += fits;
    this.#cut += text.length - fits.length;
  }

  #take(): string {
    const line = this.#cut === 0 ? this.#line : `${this.#line} … ${this.#cut} characters of this line left out …`;
    this.#line = '';
    this.#cut = 0;
    this.#redraw = false;
    return line;
  }
}

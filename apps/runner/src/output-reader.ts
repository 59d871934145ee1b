import { StringDecoder } from 'node:string_decoder';
import { type InstanceId, LIMITS, type OutputCursor } from '@switchyard/domain';
import type { RunnerPlatform } from '@switchyard/platform';
import { LineSplitter, Masker } from '@switchyard/service';
import { OutputAllowance } from './output-allowance.ts';

/** Lines that were read, and where the cursor stands when they are kept. */
export interface ReadLines {
  readonly at: number;
  readonly lines: readonly string[];
  readonly droppedLines: number;
  readonly to: OutputCursor;
}

const NEWLINE = 0x0a;
/** What is only counted is read in larger pieces. */
const SKIP_BYTES = 1024 * 1024;
/** A value of several lines may have been begun; after this long without more it has not. */
const HOLD_MS = 1_000;

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) lines += 1;
  return lines;
}

const overflowNote = (lines: number): string =>
  `… ${lines} ${lines === 1 ? 'line' : 'lines'} left out: an instance may print ${LIMITS.outputBytesPerSecond / 1024} KiB a second …`;

/**
 * Reads one run of an instance's output: masked, in whole lines, within its allowance. The cursor it answers with always stands at the
 * beginning of a line, so that a runner that goes on there repeats nothing and tears no line or secret apart.
 */
export class OutputReader {
  readonly #platform: Pick<RunnerPlatform, 'readOutput'>;
  readonly #id: InstanceId;
  readonly #startedAt: number;
  readonly #needles: readonly string[];
  readonly #allowance: OutputAllowance;
  #decoder = new StringDecoder('utf8');
  #masker: Masker;
  #splitter = new LineSplitter(LIMITS.maxLogLineBytes);
  /** Where to read on. */
  #offset: number;
  #lines: string[] = [];
  #bytes = 0;
  #dropped = 0;
  #readAt = 0;

  /** Goes on at `cursor` when that is of this run. `needles` as `needlesOf` makes them. */
  constructor(
    platform: Pick<RunnerPlatform, 'readOutput'>,
    run: { id: InstanceId; startedAt: number; needles: readonly string[]; cursor: OutputCursor | null; now: number },
  ) {
    this.#platform = platform;
    this.#id = run.id;
    this.#startedAt = run.startedAt;
    this.#needles = run.needles;
    this.#masker = new Masker(run.needles);
    this.#allowance = new OutputAllowance(run.now);
    this.#offset = run.cursor?.startedAt === run.startedAt ? run.cursor.offset : 0;
  }

  /** The next lines; null when there are none now. */
  async next(now: number): Promise<ReadLines | null> {
    for (;;) {
      const isKept = this.#allowance.at(now) > 0;
      const bytes = await this.#read(isKept ? LIMITS.logBatchBytes : SKIP_BYTES);
      // What comes after the last end of a line is read again, together with its end.
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end === 0 && bytes.length < LIMITS.logBatchBytes) {
        this.#offset -= bytes.length;
        return this.#isQuiet(now) ? this.#takeHeld(now) : null;
      }
      this.#readAt = now;
      const taken = end === 0 ? bytes : bytes.subarray(0, end);
      this.#offset -= bytes.length - taken.length;
      if (!isKept) {
        this.#skip(taken);
        if (bytes.length < SKIP_BYTES) return null;
        continue;
      }
      this.#allowance.take(taken.length);
      this.#feed(taken);
      // A run that holds a secret of several lines back can't wait for ever either.
      if (this.#bytes > LIMITS.logBatchBytes * 4) return this.#takeHeld(now);
      if (this.#isBetweenLines) return this.#take(now);
    }
  }

  /** All that is left of a run that has ended, its last line whole or not; of more than is allowed the last part. */
  async rest(now: number): Promise<ReadLines[]> {
    const pieces: Buffer[] = [];
    for (let piece = await this.#read(SKIP_BYTES); piece.length > 0; piece = await this.#read(SKIP_BYTES))
      pieces.push(piece);
    const all = Buffer.concat(pieces);
    const end = this.#offset;
    const allowed = Math.max(this.#allowance.at(now), LIMITS.outputLastBytes);
    const from = all.length <= allowed ? 0 : all.indexOf(NEWLINE, all.length - allowed) + 1;
    if (from > 0) this.#skip(all.subarray(0, from));
    const batches: ReadLines[] = [];
    for (let at = from; at < all.length; ) {
      const window = all.subarray(at, at + LIMITS.logBatchBytes);
      const piece = window.subarray(0, window.lastIndexOf(NEWLINE) + 1 || window.length);
      at += piece.length;
      this.#offset = end - all.length + at;
      this.#feed(piece);
      if (this.#isBetweenLines) batches.push(...this.#some(this.#take(now)));
    }
    this.#offset = end;
    batches.push(...this.#some(this.#takeHeld(now)));
    return batches;
  }

  readonly #some = (lines: ReadLines | null): ReadLines[] => (lines === null ? [] : [lines]);

  async #read(maxBytes: number): Promise<Buffer> {
    const { bytes, next } = await this.#platform.readOutput(this.#id, this.#offset, maxBytes);
    const lost = next - bytes.length - this.#offset;
    if (lost > 0 && bytes.length > 0)
      this.#note(`… ${lost} bytes left out: they were gone before they could be read …`);
    this.#offset = next;
    return bytes;
  }

  /** A line of Switchyard's own between those of the instance. */
  #note(line: string): void {
    this.#endPiece();
    this.#lines.push(line);
    this.#bytes += line.length;
  }

  #skip(bytes: Buffer): void {
    this.#endPiece();
    this.#dropped += countLines(bytes);
  }

  #feed(bytes: Buffer): void {
    this.#push(this.#masker.push(this.#decoder.write(bytes)));
  }

  #push(text: string): void {
    const lines = this.#splitter.push(text);
    this.#lines.push(...lines);
    for (const line of lines) this.#bytes += line.length;
  }

  /** No more comes of what was begun. */
  #endPiece(): void {
    this.#push(this.#masker.push(this.#decoder.end()) + this.#masker.end());
    this.#lines.push(...this.#splitter.end());
    this.#masker = new Masker(this.#needles);
  }

  get #isBetweenLines(): boolean {
    return !this.#masker.isHolding && !this.#splitter.isAmidLine;
  }

  #isQuiet(now: number): boolean {
    return this.#masker.isHolding && !this.#splitter.isAmidLine && now - this.#readAt >= HOLD_MS;
  }

  #takeHeld(now: number): ReadLines | null {
    this.#endPiece();
    return this.#take(now);
  }

  #take(now: number): ReadLines | null {
    const droppedLines = this.#dropped;
    if (this.#lines.length === 0 && droppedLines === 0) return null;
    const lines = droppedLines === 0 ? this.#lines : [overflowNote(droppedLines), ...this.#lines];
    this.#lines = [];
    this.#bytes = 0;
    this.#dropped = 0;
    return { at: now, lines, droppedLines, to: { startedAt: this.#startedAt, offset: this.#offset } };
  }
}

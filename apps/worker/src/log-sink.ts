import { StringDecoder } from 'node:string_decoder';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import { LineSplitter, Masker, maskText } from '@switchyard/service';
import { bytesOf, HeadAndTail, type Line } from './head-and-tail.ts';

/** What a stage may do with its log. */
export interface StageLog {
  /** Output of a tool, as it comes. */
  output(chunk: Buffer): void;
  /** A line of Switchyard's own. */
  say(text: string): void;
}

export interface Batch {
  readonly firstLine: number;
  readonly lines: readonly string[];
}

export interface LogSinkOptions {
  /** Keeps a batch; answers false when nothing more is wanted. Rejects with `redis-unavailable` when it has to be tried again. */
  readonly append: (batch: Batch, bytes: number) => Promise<boolean>;
  /** As `needlesOf` makes them. */
  readonly needles: readonly string[];
  /** Told once when lines are lost. */
  readonly onError: (error: unknown) => void;
  /** Aborted when lines can't be kept any more: the lease is gone. */
  readonly lost: AbortSignal;
}

/** Begins every line of Switchyard's own, so that it differs from a tool's. */
export const OWN_MARK = '▸ ';

const RETRY_MS = 250;
/** Of the bytes of an attempt, what is shown as it comes; the rest is the end, shown when the attempt ends. */
const HEAD_SHARE = 0.75;

/** What a diagnosis reads: the first and last lines of an attempt. */
export interface Reading {
  readonly text: string;
  /** Number in the log of a line of `text`, both counted from 1. */
  readonly lineInLog: (line: number) => number;
}

/** The log of one attempt: masked, cut into numbered lines, bounded, sent in batches in order. */
export class LogSink implements StageLog {
  readonly #options: LogSinkOptions;
  readonly #decoder = new StringDecoder('utf8');
  readonly #masker: Masker;
  readonly #splitter = new LineSplitter(LIMITS.maxLogLineBytes);
  readonly #budget = new HeadAndTail(
    Math.floor(LIMITS.maxLogBytesPerAttempt * HEAD_SHARE),
    Math.floor(LIMITS.maxLogBytesPerAttempt * (1 - HEAD_SHARE)),
  );
  readonly #reading = new HeadAndTail(LIMITS.diagnosisHeadBytes, LIMITS.diagnosisTailBytes);
  readonly #pending: Line[] = [];
  #pendingBytes = 0;
  #number = 0;
  #timer: NodeJS.Timeout | null = null;
  #sending: Promise<void> | null = null;
  #isOver = false;

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#masker = new Masker(options.needles);
  }

  output(chunk: Buffer): void {
    this.#take(this.#splitter.push(this.#masker.push(this.#decoder.write(chunk))));
  }

  say(text: string): void {
    this.#endOutput();
    this.#take(
      this.mask(text)
        .split('\n')
        .map((line) => `${OWN_MARK}${line}`),
    );
  }

  /** A text that is shown elsewhere than in this log. */
  mask(text: string): string {
    return maskText(this.#options.needles, text);
  }

  /** The last lines of tools, for what an attempt's end is explained with. Switchyard's own lines are empty in it. */
  reading(): Reading {
    this.#endOutput();
    const { head, tail, omittedLines } = this.#reading;
    const shown = [...head, ...tail];
    return {
      text: shown.map(({ text }) => (text.startsWith(OWN_MARK) ? '' : text)).join('\n'),
      lineInLog: (line) => (line <= head.length ? line : line + omittedLines),
    };
  }

  /** Sends all that is left. Never rejects: what can't be kept is reported through `onError`. */
  async close(): Promise<void> {
    this.#endOutput();
    const { omittedBytes, tail, head } = this.#budget;
    if (omittedBytes > 0) this.#queue({ number: head.length + 1, text: `… ${omittedBytes} bytes left out …` });
    for (const line of tail) this.#queue(line);
    while (this.#pending.length > 0 && !this.#isOver) await this.#send();
    this.#clearTimer();
  }

  #endOutput(): void {
    const rest = this.#masker.push(this.#decoder.end()) + this.#masker.end();
    this.#take([...this.#splitter.push(rest), ...this.#splitter.end()]);
  }

  #take(lines: readonly string[]): void {
    for (const text of lines) {
      this.#number += 1;
      const line = { number: this.#number, text };
      this.#reading.push(line);
      if (this.#budget.push(line)) this.#queue(line);
    }
    if (this.#pendingBytes >= LIMITS.logBatchBytes) void this.#send();
    else if (this.#pending.length > 0) this.#timer ??= setTimeout(() => void this.#send(), LIMITS.logFlushMs);
  }

  #queue(line: Line): void {
    this.#pending.push(line);
    this.#pendingBytes += bytesOf(line.text);
  }

  /** Lines that follow one another, up to a batch's size. */
  #nextBatch(): { batch: Batch; bytes: number; count: number } {
    const lines: string[] = [];
    let bytes = 0;
    const firstLine = this.#pending[0]?.number ?? 1;
    for (const { number, text } of this.#pending) {
      if (number !== firstLine + lines.length || (lines.length > 0 && bytes + bytesOf(text) > LIMITS.logBatchBytes))
        break;
      lines.push(text);
      bytes += bytesOf(text);
    }
    return { batch: { firstLine, lines }, bytes, count: lines.length };
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Sends what is pending; one at a time, so that lines stay in order. */
  async #send(): Promise<void> {
    this.#clearTimer();
    this.#sending ??= this.#sendPending().finally(() => {
      this.#sending = null;
    });
    await this.#sending;
  }

  async #sendPending(): Promise<void> {
    while (this.#pending.length > 0 && !this.#isOver) {
      const { batch, bytes, count } = this.#nextBatch();
      try {
        if (!(await this.#options.append(batch, bytes))) this.#isOver = true;
      } catch (error) {
        if (error instanceof SwitchyardError && error.code === 'redis-unavailable' && !this.#options.lost.aborted) {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
          continue;
        }
        this.#isOver = true;
        this.#options.onError(error);
      }
      this.#pending.splice(0, count);
      this.#pendingBytes -= bytes;
    }
    if (this.#isOver) {
      this.#pending.length = 0;
      this.#pendingBytes = 0;
    }
  }
}

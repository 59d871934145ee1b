import { type Clock, LIMITS, type OutputCursor } from '@switchyard/domain';
import type { FoundProcess, RunnerPlatform } from '@switchyard/platform';
import type { OutputSource, Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';
import type { OutputArchiver } from './output-archiver.ts';
import { OutputReader, type ReadLines } from './output-reader.ts';
import { Wake } from './wake.ts';

const RETRY_MS = 500;
/** How long an end waits for Redis to take the last words; after that they wait in memory. */
const LAST_WORDS_MS = 2_000;
/** How long output counts as fresh, so that more is looked for sooner. */
const FRESH_MS = 5_000;

export interface OutputShipperParts {
  readonly platform: Pick<RunnerPlatform, 'readOutput'>;
  readonly output: Pick<Store['output'], 'append' | 'cursor' | 'forget'>;
  readonly archiver: OutputArchiver;
  readonly clock: Clock;
  readonly log: Log;
}

/** A run whose output is followed: the process, and what of its output nothing may show. */
interface Run {
  readonly startedAt: number;
  readonly needles: () => Promise<readonly string[] | null>;
  reader: OutputReader | null;
}

/**
 * Follows what an instance prints, over all its runs, and hands it to Redis in order. While Redis is away nothing is read on: the disk
 * keeps it. What an ended run has left is read at once, since its file goes, and waits in memory.
 */
export class OutputShipper {
  readonly #parts: OutputShipperParts;
  readonly #source: OutputSource;
  readonly #wake = new Wake();
  #queue: ReadLines[] = [];
  /** The cursor as Redis has it; undefined: not asked yet. */
  #cursor: OutputCursor | null | undefined;
  #run: Run | null = null;
  #reading: Promise<void> = Promise.resolve();
  #sending: Promise<void> | null = null;
  #freshUntil = 0;
  #isOver = false;
  #isAway = false;
  readonly #loop: Promise<void>;

  constructor(parts: OutputShipperParts, source: OutputSource) {
    this.#parts = parts;
    this.#source = source;
    this.#loop = this.#follow();
  }

  /** Follows a process that was started or adopted. `needles`: as `needlesOf` makes them, null while it is not known what is secret. */
  begin({ startedAt }: Pick<FoundProcess, 'startedAt'>, needles: () => Promise<readonly string[] | null>): void {
    if (this.#run?.startedAt === startedAt) return;
    this.#run = { startedAt, needles, reader: null };
    this.#freshUntil = this.#parts.clock() + FRESH_MS;
    this.#wake.wake();
  }

  /**
   * The process has ended, its output is about to be removed: reads all that is left and waits a little for Redis to take it. Never
   * rejects.
   */
  async finish(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    if (run === null) return;
    await this.#inTurn(() => this.#readRest(run));
    await this.#sent(LAST_WORDS_MS);
  }

  /** The instance is gone for good: what waits is sent, and its cursor forgotten. Never rejects. */
  async end(): Promise<void> {
    await this.#sent(LAST_WORDS_MS);
    await this.#close();
    await this.#parts.output.forget(this.#source).catch(() => undefined);
  }

  /** The runner ends and the instance goes on: the next runner follows it from where Redis' cursor stands. */
  async leave(): Promise<void> {
    this.#run = null;
    await this.#sent(LAST_WORDS_MS);
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#isOver = true;
    this.#wake.wake();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) {
      const run = this.#run;
      if (run !== null && this.#queue.length === 0) await this.#inTurn(() => this.#readNext(run));
      if (this.#queue.length > 0) {
        await this.#send();
        if (this.#queue.length > 0) await this.#wake.sleep(RETRY_MS);
      } else {
        const isFresh = this.#parts.clock() < this.#freshUntil;
        await this.#wake.sleep(isFresh ? LIMITS.outputPollMs : LIMITS.outputIdlePollMs);
      }
    }
  }

  /** One reading at a time: a run's end must not read beside the loop. */
  async #inTurn(work: () => Promise<void>): Promise<void> {
    const { log } = this.#parts;
    this.#reading = this.#reading.then(work).catch((error: unknown) => {
      if (!this.#isAway) log.warn({ err: error, instanceId: this.#source.instanceId }, 'could not read output');
      this.#isAway = true;
    });
    await this.#reading;
  }

  /** Null while it is not known what is secret, or where an earlier runner has come to. */
  async #readerOf(run: Run): Promise<OutputReader | null> {
    if (run.reader !== null) return run.reader;
    const needles = await run.needles();
    if (needles === null) return null;
    this.#cursor ??= await this.#parts.output.cursor(this.#source);
    const { platform, clock } = this.#parts;
    const { startedAt } = run;
    const cursor = this.#cursor;
    run.reader = new OutputReader(platform, {
      id: this.#source.instanceId,
      startedAt,
      needles,
      cursor,
      now: clock(),
    });
    return run.reader;
  }

  async #readNext(run: Run): Promise<void> {
    // It ended while this waited for its turn.
    if (this.#run !== run) return;
    const reader = await this.#readerOf(run);
    const now = this.#parts.clock();
    const lines = (await reader?.next(now)) ?? null;
    this.#isAway = false;
    if (lines === null) return;
    this.#queue.push(lines);
    this.#freshUntil = now + FRESH_MS;
  }

  async #readRest(run: Run): Promise<void> {
    // Before the cursor is known it may be that some of it is kept already; twice is better than never.
    const reader = await this.#readerOf(run).catch((error: unknown) => {
      if (this.#cursor !== undefined) throw error;
      this.#cursor = null;
      return this.#readerOf(run);
    });
    this.#queue.push(...((await reader?.rest(this.#parts.clock())) ?? []));
    this.#limitQueue();
    this.#wake.wake();
  }

  #limitQueue(): void {
    const sizes = this.#queue.map(({ lines }) => lines.reduce((sum, line) => sum + line.length, 0));
    let bytes = sizes.reduce((sum, size) => sum + size, 0);
    let dropped = 0;
    // The first one may be under way to Redis.
    while (bytes > LIMITS.maxOutputBacklogBytes && this.#queue.length > 2) {
      const [gone] = this.#queue.splice(1, 1);
      bytes -= sizes.splice(1, 1)[0] ?? 0;
      dropped += (gone?.lines.length ?? 0) + (gone?.droppedLines ?? 0);
    }
    const next = this.#queue[1];
    if (dropped === 0 || next === undefined) return;
    const note = `… ${dropped} lines left out: they waited for Redis for too long …`;
    this.#queue[1] = { ...next, lines: [note, ...next.lines], droppedLines: next.droppedLines + dropped };
  }

  /** Waits until nothing waits any more, at most so long, and not for a Redis that is away. */
  async #sent(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (this.#queue.length > 0 && !this.#isAway && !this.#isOver && performance.now() < until) {
      await Promise.race([this.#send(), new Promise((resolve) => setTimeout(resolve, timeoutMs))]);
      if (this.#queue.length > 0) await new Promise((resolve) => setTimeout(resolve, LIMITS.outputPollMs));
    }
  }

  async #send(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    const { log } = this.#parts;
    try {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        await this.#sendOne(next);
        this.#queue.shift();
      }
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway)
        log.warn({ err: error, instanceId: this.#source.instanceId }, 'could not keep output; trying again');
      this.#isAway = true;
    }
  }

  async #sendOne({ to, ...lines }: ReadLines): Promise<void> {
    const { output, archiver } = this.#parts;
    this.#cursor ??= await output.cursor(this.#source);
    for (;;) {
      const answer = await output.append(this.#source, { ...lines, from: this.#cursor, to });
      if (answer.answer === 'appended') {
        archiver.appended(this.#source.environmentId, answer.unarchivedBytes);
        break;
      }
      if (answer.answer === 'gone') break;
      this.#cursor = answer.cursor;
      // Redis had taken them, and its answer was lost.
      if (isSame(answer.cursor, to)) break;
    }
    this.#cursor = to;
  }
}

const isSame = (a: OutputCursor | null, b: OutputCursor): boolean =>
  a?.startedAt === b.startedAt && a.offset === b.offset;

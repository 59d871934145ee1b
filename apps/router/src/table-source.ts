import { type Clock, type ProcessId, SwitchyardError } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';
import { adoptTable, indexTable, type KeptTables, keepWhatWasLost, NO_TABLES } from './table.ts';
import type { TableFileStore } from './table-file.ts';
import type { Targets } from './targets.ts';

/** Hints may be lost: the table is read again after this time. */
const READ_EVERY_MS = 2_000;
const RETRY_MS = 250;

export interface TableSourceParts {
  readonly routing: Store['routing'];
  readonly file: TableFileStore;
  readonly targets: Targets;
  readonly processId: ProcessId;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps the table in use: from disk at first, then from Redis, read again at every hint. What is in use is acknowledged, together with
 * what is in flight at instances that are out of it.
 */
export class TableSource {
  readonly #parts: TableSourceParts;
  #kept: KeptTables = NO_TABLES;
  #isConfirmed = false;
  #confirmedAt: number;
  #hinted = false;
  #isAway = false;
  #wake: () => void = () => undefined;
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();
  #unsubscribe: () => void = () => undefined;

  constructor(parts: TableSourceParts) {
    this.#parts = parts;
    this.#confirmedAt = parts.clock();
  }

  /** Whether there is a table, from Redis or from disk. */
  get hasTable(): boolean {
    return this.#kept !== NO_TABLES;
  }

  /** Milliseconds since the table was last read from Redis. */
  get ageMs(): number {
    return this.#parts.clock() - this.#confirmedAt;
  }

  /** Resolves when a table is in use: Redis' or, where it does not answer, the one on disk. */
  async start(): Promise<void> {
    const { file, targets, routing, log } = this.#parts;
    const kept = await file.read().catch((error: unknown) => {
      log.warn({ err: error }, 'the table on disk is of no use; waiting for Redis');
      return null;
    });
    if (kept !== null) {
      this.#kept = kept;
      targets.use(indexTable(keepWhatWasLost(kept.inherited, kept.table)));
    }
    await this.#read().catch((error: unknown) => {
      this.#isAway = true;
      log.warn({ err: error, routes: targets.routeIds.size }, 'Redis does not answer; serving from the table on disk');
    });
    this.#unsubscribe = routing.onChange(() => this.poke());
    this.#loop = this.#follow();
  }

  /** Reads (and acknowledges) as soon as possible. */
  poke(): void {
    this.#hinted = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#wake();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    while (!this.#stopped) {
      if (!this.#hinted) await this.#sleep(this.#isAway ? RETRY_MS : READ_EVERY_MS);
      if (this.#stopped) return;
      this.#hinted = false;
      try {
        await this.#read();
        if (this.#isAway) this.#parts.log.info('Redis answers again');
        this.#isAway = false;
      } catch (error) {
        // Once per outage, however often it is tried.
        if (!this.#isAway) this.#sayAway(error);
        this.#isAway = true;
      }
    }
  }

  #sayAway(error: unknown): void {
    const { log } = this.#parts;
    if (error instanceof SwitchyardError && error.code === 'redis-unavailable')
      log.warn({ err: error }, 'Redis does not answer; going on with the table in use');
    else log.error({ err: error }, 'the table in Redis can’t be put to use; going on with the one in use');
  }

  async #read(): Promise<void> {
    const { routing, targets, processId, clock, log } = this.#parts;
    const found = await routing.table();
    const adopted = adoptTable(this.#kept, found);
    if (adopted?.lost === true)
      log.error(
        { had: this.#kept.table.version, found: found.version },
        'Redis came back without its records; what was served goes on being served',
      );
    if (adopted !== null || !this.#isConfirmed) {
      const { table, inherited } = adopted ?? { ...this.#kept, table: found };
      targets.use(indexTable(keepWhatWasLost(inherited, table)));
      this.#kept = { table, inherited };
      this.#isConfirmed = true;
      await this.#keep(this.#kept);
    }
    this.#confirmedAt = clock();
    await routing.acknowledge(processId, { routes: targets.routeIds, inFlight: targets.draining });
  }

  /** A disk that is full must not hold a switch up: what is kept is for the next start alone. */
  async #keep(tables: KeptTables): Promise<void> {
    const { file, log } = this.#parts;
    try {
      await file.write(tables);
    } catch (error) {
      log.error({ err: error }, 'the table could not be kept on disk; a start without Redis would serve an older one');
    }
  }

  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

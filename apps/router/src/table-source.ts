import { type Clock, type ProcessId, type RoutingTable, SwitchyardError } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';
import { EMPTY_TABLE, indexTable, keepWhatWasLost } from './table.ts';
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
  #table: RoutingTable = EMPTY_TABLE;
  /** Served from before Redis lost its records. */
  #inherited: RoutingTable = EMPTY_TABLE;
  #confirmedAt: number;
  #hinted = false;
  #wake: () => void = () => undefined;
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();
  #unsubscribe: () => void = () => undefined;

  constructor(parts: TableSourceParts) {
    this.#parts = parts;
    this.#confirmedAt = parts.clock();
  }

  /** Milliseconds since the table was last read from Redis. */
  get ageMs(): number {
    return this.#parts.clock() - this.#confirmedAt;
  }

  /** Resolves when a table is in use: Redis' or, where it does not answer, the one on disk. */
  async start(): Promise<void> {
    const { file, targets, routing, log } = this.#parts;
    const kept = await file.read();
    if (kept !== null) {
      this.#table = kept.table;
      this.#inherited = kept.inherited;
      targets.use(indexTable(keepWhatWasLost(this.#inherited, this.#table)));
    }
    await this.#read().catch((error: unknown) =>
      log.warn(
        { err: error, routes: this.#table.routes.length },
        'Redis does not answer; serving from the table on disk',
      ),
    );
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
    let wasAway = false;
    while (!this.#stopped) {
      if (!this.#hinted) await this.#sleep(wasAway ? RETRY_MS : READ_EVERY_MS);
      this.#hinted = false;
      try {
        await this.#read();
        if (wasAway) this.#parts.log.info('Redis answers again');
        wasAway = false;
      } catch (error) {
        if (!wasAway) this.#parts.log.warn({ err: error }, 'Redis does not answer; going on with the table in use');
        wasAway = true;
        if (!(error instanceof SwitchyardError))
          this.#parts.log.error({ err: error }, 'the table could not be put to use');
      }
    }
  }

  async #read(): Promise<void> {
    const { routing, targets, file, processId, clock, log } = this.#parts;
    const table = await routing.table();
    if (table.version < this.#table.version) {
      log.error(
        { had: this.#table.version, found: table.version },
        'Redis came back without its records; what was served goes on being served',
      );
      this.#inherited = keepWhatWasLost(this.#inherited, this.#table);
    }
    if (table.version !== this.#table.version || this.#table === EMPTY_TABLE) {
      this.#table = table;
      targets.use(indexTable(keepWhatWasLost(this.#inherited, table)));
      await file.write({ table, inherited: this.#inherited });
    }
    this.#confirmedAt = clock();
    await routing.acknowledge(processId, { routes: targets.index.routeIds, inFlight: targets.draining });
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

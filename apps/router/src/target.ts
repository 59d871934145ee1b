import { LIMITS } from '@switchyard/domain';
import { Pool } from 'undici';
import type { Backend } from './table.ts';

/**
 * How long an idle connection is kept. Where the instance says how long it keeps one (`Keep-Alive: timeout=5`), 2 s less than that and at
 * most `KEEP_ALIVE_MAX_MS`; where it does not, less than any server is known to: a connection that the instance closes just as a request
 * goes out costs a POST its answer, while a new one costs 0.1 ms on the same host.
 */
const KEEP_ALIVE_MAX_MS = 4_000;
const KEEP_ALIVE_UNTOLD_MS = 500;

export interface TargetTimeouts {
  readonly connectMs: number;
  /** An instance that sends nothing for this long, before or within its answer, is given up. */
  readonly idleMs: number;
}

/** An instance with its connections and what is in flight there. */
export class Target {
  readonly backend: Backend;
  readonly pool: Pool;
  readonly timeouts: TargetTimeouts;
  inFlight = 0;
  /** No longer in the table: told when the last request ends. */
  #onIdle: (() => void) | null = null;

  constructor(backend: Backend, timeouts: TargetTimeouts) {
    this.backend = backend;
    this.timeouts = timeouts;
    const host = backend.host.includes(':') ? `[${backend.host}]` : backend.host;
    this.pool = new Pool(`http://${host}:${backend.port}`, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_UNTOLD_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
      connectTimeout: timeouts.connectMs,
      headersTimeout: timeouts.idleMs,
      bodyTimeout: timeouts.idleMs,
      maxHeaderSize: LIMITS.maxRequestHeaderBytes,
    });
  }

  enter(): void {
    this.inFlight += 1;
  }

  leave(): void {
    this.inFlight -= 1;
    if (this.inFlight === 0) this.#onIdle?.();
  }

  /** Calls back once nothing is in flight, then closes the connections. */
  retire(onIdle: () => void): void {
    this.#onIdle = () => {
      this.#onIdle = null;
      void this.pool.close().catch(() => undefined);
      onIdle();
    };
    if (this.inFlight === 0) this.#onIdle();
  }

  /** Back in the table before it was idle. */
  unretire(): void {
    this.#onIdle = null;
  }

  async destroy(): Promise<void> {
    await this.pool.destroy().catch(() => undefined);
  }
}

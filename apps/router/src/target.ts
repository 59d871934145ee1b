import { LIMITS } from '@switchyard/domain';
import { Pool } from 'undici';
import type { Backend } from './table.ts';

/** Idle connections are given up before most apps do (Node's servers after 5 s), so that none is used just as it is closed. */
const KEEP_ALIVE_MS = 4_000;

/** An instance with its connections and what is in flight there. */
export class Target {
  readonly backend: Backend;
  readonly pool: Pool;
  inFlight = 0;
  /** No longer in the table: told when the last request ends. */
  #onIdle: (() => void) | null = null;

  constructor(backend: Backend) {
    this.backend = backend;
    const host = backend.host.includes(':') ? `[${backend.host}]` : backend.host;
    this.pool = new Pool(`http://${host}:${backend.port}`, {
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      connectTimeout: 5_000,
      headersTimeout: LIMITS.requestIdleTimeoutMs,
      bodyTimeout: LIMITS.requestIdleTimeoutMs,
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

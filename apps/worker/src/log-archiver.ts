import { type DeploymentId, LIMITS, type LogEvent } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { LogArchive } from '@switchyard/service';

/**
 * Moves a deployment's log from Redis to blobs. What it writes is always everything that is in Redis after what it wrote last: chunks
 * may hold the same events twice, but there is never a gap inside one, which a reader would take for a hole.
 */
export class LogArchiver {
  readonly #events: Store['events'];
  readonly #archive: LogArchive;
  readonly #deploymentId: DeploymentId;
  /** Ids of log events that are in blobs and, as far as this archiver knows, still in Redis. */
  #live: number[] = [];
  #archivedUpTo = 0;
  #sinceLastChunk = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(options: { events: Store['events']; archive: LogArchive; deploymentId: DeploymentId }) {
    this.#events = options.events;
    this.#archive = options.archive;
    this.#deploymentId = options.deploymentId;
  }

  /** To be called for each batch that Redis has taken; cuts a chunk when there is enough. Rejects when it could not be written. */
  async sent(bytes: number): Promise<void> {
    this.#sinceLastChunk += bytes;
    if (this.#sinceLastChunk < LIMITS.logChunkBytes) return;
    this.#sinceLastChunk = 0;
    await this.#inTurn(() => this.#cut(LIMITS.maxLiveLogEntries));
  }

  /** Moves all that is left. */
  async seal(): Promise<void> {
    await this.#inTurn(() => this.#cut(0));
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    await done;
  }

  async #cut(keepLive: number): Promise<void> {
    const { events } = await this.#events.read(this.#deploymentId, this.#archivedUpTo);
    const logs = events.filter((event): event is LogEvent => event.type === 'log');
    await this.#archive.append(this.#deploymentId, logs);
    this.#live.push(...logs.map(({ id }) => id));
    this.#archivedUpTo = this.#live.at(-1) ?? this.#archivedUpTo;
    const excess = this.#live.splice(0, Math.max(0, this.#live.length - keepLive));
    const last = excess.at(-1);
    if (last !== undefined) await this.#events.trimLogs(this.#deploymentId, last);
  }
}

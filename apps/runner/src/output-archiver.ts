import { type Clock, type EnvironmentId, LIMITS } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Log, OutputArchive } from '@switchyard/service';

export interface OutputArchiverParts {
  readonly output: Pick<Store['output'], 'position' | 'read' | 'archived'>;
  readonly archive: OutputArchive;
  readonly clock: Clock;
  readonly log: Log;
}

/** Cuts chunks of live tails into blobs, one at a time per environment, and lets go of what is past retention. */
export class OutputArchiver {
  readonly #parts: OutputArchiverParts;
  readonly #cutting = new Map<EnvironmentId, Promise<void>>();
  #isFailing = false;

  constructor(parts: OutputArchiverParts) {
    this.#parts = parts;
  }

  /** To be told after each append. */
  appended(id: EnvironmentId, unarchivedBytes: number): void {
    if (unarchivedBytes < LIMITS.outputChunkBytes || this.#cutting.has(id)) return;
    const cutting = this.#cut(id).finally(() => this.#cutting.delete(id));
    this.#cutting.set(id, cutting);
  }

  /** Resolves when no chunk is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#cutting.values());
  }

  /** A chunk that two runners cut at the same time is there twice; readers pass over the second. */
  async #cut(id: EnvironmentId): Promise<void> {
    const { output, archive, clock, log } = this.#parts;
    try {
      const events = await output.read(id, (await output.position(id)).archived);
      const last = events.at(-1);
      if (last === undefined) return;
      await archive.append(id, events);
      const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
      await output.archived(id, last.id, bytes);
      await archive.prune(id, clock());
      this.#isFailing = false;
    } catch (error) {
      // Once per trouble, however often it is tried; Redis keeps the tail meanwhile.
      if (!this.#isFailing) log.warn({ err: error, environmentId: id }, 'could not put output into blobs');
      this.#isFailing = true;
    }
  }
}

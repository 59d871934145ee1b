import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Farm } from '@switchyard/domain';
import { z } from 'zod';

const StateFile = z.object({
  v: z.literal(1),
  farmId: z.string(),
  epoch: z.int(),
  tableVersion: z.int().nonnegative(),
});

/**
 * The newest routing table that this host has seen, on its disk. A Redis that has an older one was restored from a backup: what it does
 * not know may have been started since, and is nobody's to remove. The file is read each time, so that removing it is enough to say that
 * the backup is what holds now.
 */
export class TableMemory {
  readonly #path: string;
  readonly #farm: Pick<Farm, 'id' | 'epoch'>;

  constructor(path: string, farm: Pick<Farm, 'id' | 'epoch'>) {
    this.#path = path;
    this.#farm = farm;
  }

  /** Takes note of a version; answers the newest that was ever seen, which is greater where Redis has gone back in time. */
  async see(version: number): Promise<number> {
    const seen = await this.#read();
    if (seen !== null && seen >= version) return seen;
    const { id, epoch } = this.#farm;
    const state: z.infer<typeof StateFile> = { v: 1, farmId: id, epoch, tableVersion: version };
    const beside = `${this.#path}.new`;
    await writeFile(beside, `${JSON.stringify(state)}\n`);
    await rename(beside, this.#path);
    return version;
  }

  /** Null where nothing was seen in this life of Redis: an epoch later, versions begin anew. */
  async #read(): Promise<number | null> {
    let found: unknown;
    try {
      found = JSON.parse(await readFile(this.#path, 'utf8'));
    } catch {
      return null;
    }
    const { data } = StateFile.safeParse(found);
    return data?.farmId === this.#farm.id && data.epoch === this.#farm.epoch ? data.tableVersion : null;
  }
}

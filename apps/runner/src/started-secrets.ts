import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredInstance } from '@switchyard/domain';
import type { SecretBox } from '@switchyard/service';
import { z } from 'zod';

export type Owner = Pick<DesiredInstance, 'id' | 'farmId' | 'appId' | 'environmentId'>;

/**
 * With which secret values instances were started, sealed on this host's disk: a value that was changed since goes on being printed by
 * what runs, and a runner that adopts it would not know it any more.
 */
export class StartedSecrets {
  readonly #directory: string;
  readonly #box: SecretBox;

  constructor(directory: string, box: SecretBox) {
    this.#directory = directory;
    this.#box = box;
  }

  async remember(owner: Owner, secrets: readonly string[]): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = this.#pathOf(owner);
    await writeFile(`${path}.new`, this.#box.seal(placeOf(owner), JSON.stringify(secrets)), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  /** None where nothing is known, or what is there can't be opened. */
  async recall(owner: Owner): Promise<string[]> {
    try {
      const sealed = await readFile(this.#pathOf(owner), 'utf8');
      return z.array(z.string()).parse(JSON.parse(this.#box.open(placeOf(owner), sealed)));
    } catch {
      return [];
    }
  }

  async forget(owner: Owner): Promise<void> {
    await rm(this.#pathOf(owner), { force: true });
  }

  #pathOf({ id }: Owner): string {
    return join(this.#directory, id);
  }
}

const placeOf = ({ id, farmId, appId, environmentId }: Owner) => ({ farmId, appId, environmentId, name: id });

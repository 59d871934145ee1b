import { environmentOf, type Farm, type SealedVariable, SwitchyardError, secretsOf } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { type Log, openVariables, type Place, type SecretBox } from '@switchyard/service';

export interface RunVariablesParts {
  readonly records: Store['variables'];
  readonly secretBox: SecretBox;
  readonly farm: Pick<Farm, 'id'>;
  readonly log: Log;
}

export interface ReadVariables {
  /** Of migrations and instances. */
  readonly environment: Readonly<Record<string, string>>;
  /** Values of any scope that nothing may show. */
  readonly secrets: readonly string[];
}

/**
 * The variables of environments as they are now, for each start. While Redis is away, or has lost its records, those that were read last
 * count: what crashes is started again as it was.
 */
export class RunVariables {
  readonly #parts: RunVariablesParts;
  readonly #known = new Map<string, readonly SealedVariable[]>();

  constructor(parts: RunVariablesParts) {
    this.#parts = parts;
  }

  /** Rejects with `variables-unreadable`, and where nothing is known of them with `redis-unavailable` or `environment-not-found`. */
  async read({
    appId,
    environmentId,
  }: Pick<Place, 'appId'> & { environmentId: `env_${string}` }): Promise<ReadVariables> {
    const { secretBox, farm } = this.#parts;
    const sealed = (await this.#newest(environmentId)) ?? this.#known.get(environmentId);
    if (sealed === undefined)
      throw new SwitchyardError('environment-not-found', 'The environment’s record and its variables are gone.');
    this.#known.set(environmentId, sealed);
    const opened = openVariables(secretBox, { farmId: farm.id, appId, environmentId }, sealed);
    return { environment: environmentOf(opened, 'run'), secrets: secretsOf(opened) };
  }

  async #newest(environmentId: `env_${string}`): Promise<readonly SealedVariable[] | null> {
    const { records, log } = this.#parts;
    try {
      return await records.readSealed(environmentId);
    } catch (error) {
      if (!this.#known.has(environmentId)) throw error;
      log.warn({ err: error, environmentId }, 'could not read variables; those that were read last are used');
      return null;
    }
  }
}

import type { DesiredInstance } from '@switchyard/domain';
import { maskText, needlesOf } from '@switchyard/service';
import type { ReadVariables, RunVariables } from './run-variables.ts';

/** An instance's variables at each of its starts, and what of them its last lines must not show. */
export class InstanceVariables {
  readonly #source: Pick<RunVariables, 'read'>;
  readonly #desired: Pick<DesiredInstance, 'appId' | 'environmentId'>;
  /** Of every start so far: lines that an earlier one wrote are still shown. Null while they are not known. */
  #secrets: ReadonlySet<string> | null = null;
  #needles: readonly string[] = [];

  constructor(source: Pick<RunVariables, 'read'>, desired: Pick<DesiredInstance, 'appId' | 'environmentId'>) {
    this.#source = source;
    this.#desired = desired;
  }

  /** For a start, with the newest values. Rejects as `RunVariables.read`. */
  async read(): Promise<ReadVariables['environment']> {
    const { environment, secrets } = await this.#source.read(this.#desired);
    this.#secrets = new Set([...(this.#secrets ?? []), ...secrets]);
    this.#needles = needlesOf([...this.#secrets]);
    return environment;
  }

  /** What of a text may be seen. Null: nothing, since it is not known what is secret, as when Redis is away from the first moment. */
  needles(): readonly string[] | null {
    return this.#secrets === null ? null : this.#needles;
  }

  mask(text: string): string {
    return maskText(this.#needles, text);
  }
}

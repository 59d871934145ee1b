import { maskText, needlesOf } from '@switchyard/service';
import type { ReadVariables, RunVariables } from './run-variables.ts';
import type { Owner, StartedSecrets } from './started-secrets.ts';

/** An instance's variables at each of its starts, and what of them its last lines must not show. */
export class InstanceVariables {
  readonly #source: Pick<RunVariables, 'read'>;
  readonly #started: StartedSecrets;
  readonly #owner: Owner;
  /** Of every start so far: lines that an earlier one wrote are still shown. Null while they are not known. */
  #secrets: ReadonlySet<string> | null = null;
  #needles: readonly string[] = [];

  constructor(source: Pick<RunVariables, 'read'>, started: StartedSecrets, owner: Owner) {
    this.#source = source;
    this.#started = started;
    this.#owner = owner;
  }

  /** For a start, with the newest values. Rejects as `RunVariables.read`. */
  async read(): Promise<ReadVariables['environment']> {
    const { environment, secrets } = await this.#source.read(this.#owner);
    const before = this.#secrets ?? (await this.#started.recall(this.#owner));
    this.#secrets = new Set([...before, ...secrets]);
    await this.#started.remember(this.#owner, [...this.#secrets]);
    this.#needles = needlesOf([...this.#secrets]);
    return environment;
  }

  /** What of a text may be seen. Null: nothing, since it is not known what is secret, as when Redis is away from the first moment. */
  needles(): readonly string[] | null {
    return this.#secrets === null ? null : this.#needles;
  }

  /** The instance is gone for good. */
  async forget(): Promise<void> {
    await this.#started.forget(this.#owner);
  }

  mask(text: string): string {
    return maskText(this.#needles, text);
  }
}

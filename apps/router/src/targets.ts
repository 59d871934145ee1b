import type { InstanceId } from '@switchyard/domain';
import { chooseShare, chooseTarget, type Pick } from './balance.ts';
import type { Backend, Destination, TableIndex } from './table.ts';
import { Target } from './target.ts';

const sameAddress = (a: Backend, b: Backend): boolean => a.host === b.host && a.port === b.port;

/** The table in use: destinations by host, and a target per instance, those that only finish what they began included. */
export class Targets {
  readonly #pick: Pick;
  readonly #onDrained: () => void;
  readonly #serving = new Map<InstanceId, Target>();
  readonly #retiring = new Map<InstanceId, Target>();
  readonly #waiting = new Set<() => void>();
  #index: TableIndex = { byHost: new Map(), routeIds: new Map(), backends: new Map() };

  /** `onDrained`: an instance that is out of the table has nothing in flight any more. */
  constructor(pick: Pick, onDrained: () => void) {
    this.#pick = pick;
    this.#onDrained = onDrained;
  }

  get index(): TableIndex {
    return this.#index;
  }

  /** Requests in flight at instances that the table does not name any more. */
  get draining(): ReadonlyMap<InstanceId, number> {
    return new Map([...this.#retiring].map(([id, target]) => [id, target.inFlight]));
  }

  get inFlight(): number {
    return [...this.#serving.values(), ...this.#retiring.values()].reduce((sum, target) => sum + target.inFlight, 0);
  }

  use(index: TableIndex): void {
    this.#index = index;
    for (const [id, target] of this.#serving) {
      const now = index.backends.get(id);
      if (now === undefined || !sameAddress(now, target.backend)) this.#retire(id, target);
    }
    for (const [id, backend] of index.backends) if (!this.#serving.has(id)) this.#serve(id, backend);
    for (const wake of this.#waiting) wake();
  }

  /** A target for one more request; null where the destination has none that is ready, or none but `except`. */
  choose(destination: Destination, except?: Target): Target | null {
    const share = chooseShare(destination.shares, this.#pick);
    if (share === null) return null;
    const ready = share.backends
      .flatMap(({ instanceId }) => this.#serving.get(instanceId) ?? [])
      .filter((target) => target !== except);
    return chooseTarget(ready, this.#pick);
  }

  /** Resolves when another table is in use, or after a time. */
  async changed(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#serving.values(), ...this.#retiring.values()].map((target) => target.destroy()));
  }

  #serve(id: InstanceId, backend: Backend): void {
    const retiring = this.#retiring.get(id);
    if (retiring !== undefined && sameAddress(retiring.backend, backend)) {
      retiring.unretire();
      this.#retiring.delete(id);
      this.#serving.set(id, retiring);
    } else this.#serving.set(id, new Target(backend));
  }

  #retire(id: InstanceId, target: Target): void {
    this.#serving.delete(id);
    this.#retiring.set(id, target);
    target.retire(() => {
      if (this.#retiring.get(id) !== target) return;
      this.#retiring.delete(id);
      this.#onDrained();
    });
  }
}

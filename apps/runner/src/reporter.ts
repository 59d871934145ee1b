import type { Endpoint, HostId, InstanceId, ObservedInstance } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';

const RETRY_MS = 500;

interface Pending {
  endpoint?: Endpoint | null;
  observed?: ObservedInstance | null;
}

/**
 * Writes what the runner sees. Only the newest of each instance counts; while Redis is gone it is kept and written when Redis is back.
 * An endpoint is written before the observation that tells of it.
 */
export class Reporter {
  readonly #store: Pick<Store, 'instances' | 'routing'>;
  readonly #hostId: HostId;
  readonly #onError: (error: unknown) => void;
  readonly #pending = new Map<InstanceId, Pending>();
  #flushing: Promise<void> | null = null;
  #closed = false;

  constructor(store: Pick<Store, 'instances' | 'routing'>, hostId: HostId, onError: (error: unknown) => void) {
    this.#store = store;
    this.#hostId = hostId;
    this.#onError = onError;
  }

  /** null: the instance can't be reached any more. */
  endpoint(id: InstanceId, endpoint: Endpoint | null): void {
    this.#pending.set(id, { ...this.#pending.get(id), endpoint });
    this.#flush();
  }

  observed(instance: ObservedInstance): void {
    this.#pending.set(instance.id, { ...this.#pending.get(instance.id), observed: instance });
    this.#flush();
  }

  /** It is gone and nothing tells of it any more. */
  forget(id: InstanceId): void {
    this.#pending.set(id, { endpoint: null, observed: null });
    this.#flush();
  }

  /** Resolves when all is written, or at once when Redis does not answer and `close` was called. */
  async settled(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
  }

  close(): void {
    this.#closed = true;
  }

  #flush(): void {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = null;
      if (this.#pending.size > 0 && !this.#closed) this.#flush();
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.size > 0) {
      const [next] = this.#pending;
      if (next === undefined) return;
      const [id, pending] = next;
      this.#pending.delete(id);
      try {
        await this.#write(id, pending);
      } catch (error) {
        this.#onError(error);
        this.#pending.set(id, { ...pending, ...this.#pending.get(id) });
        if (this.#closed) return;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #write(id: InstanceId, { endpoint, observed }: Pending): Promise<void> {
    const { instances, routing } = this.#store;
    if (endpoint === null) await routing.removeEndpoint(id);
    else if (endpoint !== undefined) await routing.putEndpoint(endpoint);
    if (observed === null) await instances.forget(this.#hostId, id);
    else if (observed !== undefined) await instances.observe(observed);
  }
}

import type { Redis } from 'ioredis';
import type { Unsubscribe } from './store.ts';

/** A message, or null after a reconnect: something may have been missed. */
type Listener = (message: string | null) => void;

/** One connection for all channels of a process; a channel is subscribed once, however many listen. */
export class Subscriptions {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(redis: Redis) {
    this.#redis = redis;
    redis.on('message', (channel: string, message: string) => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(message);
    });
    redis.on('ready', () => void this.#renew());
  }

  /** After a reconnect: first subscribes again, then says that something may have been missed, so that nothing falls in between. */
  async #renew(): Promise<void> {
    const channels = [...this.#listeners.keys()];
    if (channels.length === 0) return;
    try {
      await this.#redis.subscribe(...channels);
    } catch {
      return; // The connection went again; the next `ready` renews.
    }
    for (const channel of channels) for (const listener of this.#listeners.get(channel) ?? []) listener(null);
  }

  /** Resolves when Redis has confirmed the subscription: what is published from then on is heard. */
  async listen(channel: string, listener: Listener): Promise<Unsubscribe> {
    const off = this.#add(channel, listener);
    await this.#redis.subscribe(channel);
    return off;
  }

  /** Without waiting; the listener hears null once if Redis confirms later, so that it looks for itself. */
  hint(channel: string, listener: Listener): Unsubscribe {
    const off = this.#add(channel, listener);
    this.#redis.subscribe(channel).then(
      () => listener(null),
      () => undefined,
    );
    return off;
  }

  #add(channel: string, listener: Listener): Unsubscribe {
    const listeners = this.#listeners.get(channel) ?? new Set<Listener>();
    this.#listeners.set(channel, listeners);
    listeners.add(listener);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      this.#redis.unsubscribe(channel).catch(() => undefined);
    };
  }
}

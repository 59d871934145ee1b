import type { Clock, Ids } from '@switchyard/domain';
import type { Store } from './store.ts';

export interface StoreOptions {
  readonly redisUrl: string;
  /** Put before every key and channel, so that farms and tests share a Redis without meeting. Letters, digits, `-`. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Names the connection in CLIENT LIST. */
  readonly name: string;
}

/**
 * Connects and checks that this Redis can be used: version ≥ 6.2, AOF on with `appendfsync always`, `noeviction`. Rejects with
 * `redis-unusable` and a sentence on what to change, or with `redis-unavailable`.
 */
export async function openStore(_options: StoreOptions): Promise<Store> {
  throw new Error('being written');
}

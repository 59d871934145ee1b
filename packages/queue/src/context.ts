import type { Clock, Ids } from '@switchyard/domain';
import type { Redis } from 'ioredis';
import type { Keys } from './keys.ts';
import type { RunScript } from './scripts.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What every part of the store works with. */
export interface StoreContext {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly faultPoint: (name: string) => void;
}

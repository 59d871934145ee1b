import { type AppId, Delivery, LIMITS, SwitchyardError } from '@switchyard/domain';
import type { StoreContext } from './context.ts';

export interface WebhookRecords {
  /** Which of an app's webhook secrets counts; 0 before the first. Null: there is no such app. */
  generation(id: AppId): Promise<number | null>;
  /** Makes a new secret count and the one before not; answers its generation. Rejects with `app-not-found`. */
  renew(id: AppId): Promise<number>;
  /** Puts a delivery on the app's list, which keeps `LIMITS.keptDeliveries` for `LIMITS.deliveryListMs`. */
  keep(id: AppId, delivery: Omit<Delivery, 'v' | 'at'>): Promise<void>;
  /** Newest first. One whose deployment found its commit `stale` is told so. */
  deliveries(id: AppId): Promise<Delivery[]>;
}

const GENERATION = 'webhookGeneration';

export function webhookRecords({ redis, keys, clock, run }: StoreContext): WebhookRecords {
  return {
    async generation(id: AppId) {
      const [document, generation] = await redis.hmget(keys.app(id), 'doc', GENERATION);
      return document === null || document === undefined ? null : Number(generation ?? 0);
    },

    async renew(id) {
      const generation = Number(await run('renewWebhook', clock(), id));
      if (generation === 0) throw new SwitchyardError('app-not-found', 'There is no such app.');
      return generation;
    },

    async keep(id, delivery) {
      const key = keys.deliveriesOf(id);
      await redis
        .multi()
        .lpush(key, JSON.stringify(Delivery.parse({ v: 1, at: clock(), ...delivery })))
        .ltrim(key, 0, LIMITS.keptDeliveries - 1)
        .pexpire(key, LIMITS.deliveryListMs)
        .exec();
    },

    async deliveries(id) {
      const kept = await redis.lrange(keys.deliveriesOf(id), 0, -1);
      const oldest = clock() - LIMITS.deliveryListMs;
      const deliveries = kept.map((text) => Delivery.parse(JSON.parse(text))).filter(({ at }) => at >= oldest);
      return await Promise.all(
        deliveries.map(async (delivery): Promise<Delivery> => {
          const { verdict, deploymentId } = delivery;
          if (verdict !== 'accepted' || deploymentId === null) return delivery;
          // Known only once the deployment has asked Git.
          const reason = await redis.hget(keys.deployment(deploymentId), 'stale');
          return reason ? { ...delivery, verdict: 'ignored', cause: 'stale', reason } : delivery;
        }),
      );
    },
  };
}

import { type AppId, Delivery, LIMITS, SwitchyardError } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { WebhookRecords } from './store.ts';

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
      return kept.map((text) => Delivery.parse(JSON.parse(text))).filter(({ at }) => at >= oldest);
    },
  };
}

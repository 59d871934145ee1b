import { OneOff, OneOffId } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { OneOffRecords } from './store.ts';

export function oneOffRecords({ redis, keys, run, subscriptions, clock }: StoreContext): OneOffRecords {
  async function get(id: OneOffId): Promise<OneOff | null> {
    const [document, state, endRequestedAt] = await redis.hmget(keys.oneOff(id), 'doc', 'state', 'endRequestedAt');
    if (document === null || document === undefined) return null;
    return OneOff.parse({
      ...z.looseObject({}).parse(JSON.parse(document)),
      state,
      endRequestedAt: endRequestedAt == null ? null : Number(endRequestedAt),
    });
  }

  return {
    get,

    async desire(lease, oneOff) {
      const answer = z
        .string()
        .parse(
          await run(
            'desireOneOff',
            clock(),
            lease.deploymentId,
            lease.token,
            oneOff.id,
            oneOff.hostId,
            JSON.stringify(oneOff),
          ),
        );
      return answer === '' ? null : await get(OneOff.parse(JSON.parse(answer)).id);
    },

    async ofDeployment(id) {
      const own = await redis.get(keys.oneOffOf(id));
      return own === null ? null : await get(OneOffId.parse(own));
    },

    async ofHost(id) {
      const members = await redis.smembers(keys.oneOffsOfHost(id));
      const found = await Promise.all(members.map((item) => get(OneOffId.parse(item))));
      return found.filter((item) => item !== null);
    },

    async advance(oneOff) {
      const before = await redis.hget(keys.oneOff(oneOff.id), 'state');
      const after = await run('advanceOneOff', clock(), oneOff.id, oneOff.state, JSON.stringify(oneOff));
      return before !== oneOff.state && after === oneOff.state;
    },

    async withdraw(id) {
      const state = OneOff.shape.state
        .or(z.literal(''))
        .parse(await run('advanceOneOff', clock(), id, 'cancelled', ''));
      return state === '' ? null : state;
    },

    async remove(id) {
      const oneOff = await get(id);
      if (oneOff === null) return;
      await redis
        .multi()
        .del(keys.oneOff(id), keys.oneOffOf(oneOff.deploymentId))
        .srem(keys.oneOffsOfHost(oneOff.hostId), id)
        .publish(keys.oneOffsOfHost(oneOff.hostId), '')
        .exec();
    },

    onDesired(hostId, listener) {
      return subscriptions.hint(keys.oneOffsOfHost(hostId), () => listener());
    },

    onAdvance(listener) {
      return subscriptions.hint(keys.oneOffChannel, (message) => {
        if (message !== null) listener(OneOffId.parse(message));
      });
    },
  };
}

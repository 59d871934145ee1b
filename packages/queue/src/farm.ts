import { Farm, SwitchyardError } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { FarmRecords } from './store.ts';

export function farmRecords({ redis, keys, clock, ids }: StoreContext): FarmRecords {
  return {
    async current() {
      const document = await redis.get(keys.farm);
      if (document === null) {
        throw new SwitchyardError(
          'unavailable',
          'Redis has lost its records. Restore a backup, or restart Switchyard to begin anew.',
        );
      }
      return Farm.parse(JSON.parse(document));
    },

    async ensure(known) {
      const fresh: Farm = { v: 1, id: known?.id ?? ids('farm'), epoch: (known?.epoch ?? 0) + 1, createdAt: clock() };
      await redis.set(keys.farm, JSON.stringify(fresh), 'NX');
      return Farm.parse(JSON.parse((await redis.get(keys.farm)) ?? 'null'));
    },
  };
}

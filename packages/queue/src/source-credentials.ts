import { SealedSourceCredential, SwitchyardError } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { SourceCredentialRecords } from './source-store.ts';

const FIELD = 'sourceCredential';

export function sourceCredentialRecords({ redis, keys, clock, run }: StoreContext): SourceCredentialRecords {
  return {
    async set(id, credential) {
      const record: SealedSourceCredential = { v: 1, ...credential, setAt: clock() };
      const answer = await run('setSourceCredential', record.setAt, id, JSON.stringify(record));
      if (answer !== 1) throw new SwitchyardError('app-not-found', 'There is no such app.');
      return record;
    },

    async readSealed(id) {
      const document = await redis.hget(keys.app(id), FIELD);
      return document === null ? null : SealedSourceCredential.parse(JSON.parse(document));
    },

    remove: async (id) => (await redis.hdel(keys.app(id), FIELD)) === 1,
  };
}

import { KnownHost, LIMITS, SwitchyardError } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { KnownHostRecords } from './source-store.ts';

const parse = (document: string): KnownHost => KnownHost.parse(JSON.parse(document));

export function knownHostRecords({ redis, keys, clock }: StoreContext): KnownHostRecords {
  return {
    async read(host) {
      const document = await redis.hget(keys.knownHosts, host);
      return document === null ? null : parse(document);
    },

    async keep(host, lines) {
      if ((await redis.hlen(keys.knownHosts)) >= LIMITS.maxKnownHosts)
        throw new SwitchyardError(
          'too-many-known-hosts',
          `This farm knows ${LIMITS.maxKnownHosts} SSH hosts, which is the most. Forget some first: \`switchyard source hosts\` lists them.`,
        );
      const record: KnownHost = KnownHost.parse({ v: 1, host, keys: lines, metAt: clock() });
      await redis.hsetnx(keys.knownHosts, host, JSON.stringify(record));
      const kept = await redis.hget(keys.knownHosts, host);
      return kept === null ? record : parse(kept);
    },

    list: async () => (await redis.hvals(keys.knownHosts)).map(parse).sort((a, b) => (a.host < b.host ? -1 : 1)),

    forget: async (host) => (await redis.hdel(keys.knownHosts, host)) === 1,
  };
}

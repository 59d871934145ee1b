import { Domain, LIMITS, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { DomainRecords } from './domain-records.ts';

const Answer = z.tuple([z.enum(['kept', 'taken', 'too-many', 'gone']), z.string()]);

export function domainRecords({ redis, keys, run, clock }: StoreContext): DomainRecords {
  async function get(host: string): Promise<Domain | null> {
    const text = await redis.hget(keys.domains, host);
    return text === null ? null : Domain.parse(JSON.parse(text));
  }

  return {
    async add(claim) {
      const createdAt = clock();
      const domain: Domain = { v: 1, ...claim, createdAt, verifiedAt: null };
      const { environmentId, appId, host } = domain;
      const [answer, text] = Answer.parse(
        await run(
          'addDomain',
          createdAt,
          environmentId,
          appId,
          host,
          JSON.stringify(domain),
          LIMITS.maxDomains,
          LIMITS.unverifiedDomainMs,
        ),
      );
      switch (answer) {
        case 'gone':
          throw new SwitchyardError('environment-not-found', 'This environment is gone.');
        case 'too-many':
          throw new SwitchyardError(
            'too-many-domains',
            `An app may have ${LIMITS.maxDomains} hosts of its own. Remove one first.`,
          );
        case 'taken':
          throw await takenBy(Domain.parse(JSON.parse(text)), claim);
        case 'kept':
          return Domain.parse(JSON.parse(text));
      }
    },

    async list(id) {
      const hosts = await redis.smembers(keys.domainsOf(id));
      const found = await Promise.all(hosts.map(get));
      return found.filter((domain) => domain !== null).sort((a, b) => (a.host < b.host ? -1 : 1));
    },

    async get(id, host) {
      const domain = await get(host);
      return domain?.environmentId === id ? domain : null;
    },

    async serve(id, host, token) {
      return Number(await run('serveDomain', clock(), id, host, token)) === 1;
    },

    async remove(id, host) {
      return Number(await run('removeDomain', clock(), id, host)) === 1;
    },

    async isServed(host) {
      return (await redis.hexists(keys.servedHosts, host)) === 1;
    },
  };

  /** Whose it is, is said within a team alone. */
  async function takenBy(domain: Domain, claim: Pick<Domain, 'teamId'>): Promise<SwitchyardError> {
    const document = domain.teamId === claim.teamId ? await redis.hget(keys.app(domain.appId), 'doc') : null;
    const { name } = z.object({ name: z.string().optional() }).parse(JSON.parse(document ?? '{}'));
    const owner = name === undefined ? 'another app of this farm' : `the app ${name}`;
    return new SwitchyardError('host-taken', `${domain.host} belongs to ${owner}. Remove it there first.`);
  }
}

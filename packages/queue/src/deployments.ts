import { type Deployment, DeploymentId, type TeamId, Waiting } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import { deploymentOfHash } from './deployment-record.ts';
import { retentionOfRecords } from './retention.ts';
import type { DeploymentRecords } from './store.ts';
import { waitFacts } from './waits.ts';

export function deploymentRecords(context: StoreContext): DeploymentRecords {
  const { redis, keys } = context;
  async function get(id: DeploymentId): Promise<Deployment | null> {
    const hash = await redis.hgetall(keys.deployment(id));
    return hash['id'] === undefined ? null : deploymentOfHash(hash);
  }

  async function getAll(members: readonly string[]): Promise<Deployment[]> {
    // One that can't be read hides no other; asked for by its id, it is said what is wrong with it.
    const found = await Promise.all(
      members.map((id) =>
        get(DeploymentId.parse(id)).catch((error: unknown) => {
          if (error instanceof z.ZodError || error instanceof SyntaxError) return null;
          throw error;
        }),
      ),
    );
    return found.filter((item) => item !== null);
  }

  /** Forgotten ones still stand in the team's list: it is read on until there are enough. */
  async function listRecentOf(team: TeamId, limit: number): Promise<Deployment[]> {
    const found: Deployment[] = [];
    for (let from = 0; found.length < limit; from += limit) {
      const members = await redis.zrange(keys.recentDeploymentsOf(team), from, String(from + limit - 1), 'REV');
      found.push(...(await getAll(members)));
      if (members.length < limit) break;
    }
    return found.slice(0, limit);
  }

  return {
    get,
    ...retentionOfRecords(context),
    wait: (id) => waitFacts(context, id),

    async listOfApp(appId, { before, limit }) {
      const highest = before === null ? '+inf' : `(${before}`;
      return await getAll(
        await redis.zrange(keys.deploymentsOf(appId), highest, '-inf', 'BYSCORE', 'REV', 'LIMIT', 0, limit),
      );
    },

    async listRecent(limit, team) {
      if (team !== undefined) return await listRecentOf(team, limit);
      return await getAll(await redis.zrange(keys.recentDeployments, 0, String(limit - 1), 'REV'));
    },

    async counts() {
      const waiting = { slot: 0, gate: 0, hold: 0, retry: 0, result: 0, database: 0 };
      const members = await redis.smembers(keys.unfinished);
      const reasons = await Promise.all(
        members.map((id) => redis.hget(keys.deployment(DeploymentId.parse(id)), 'waiting')),
      );
      for (const reason of reasons) {
        const known = Waiting.safeParse(reason);
        if (known.success) waiting[known.data] += 1;
      }
      const [farm, pins] = await Promise.all([redis.scard(keys.slotsOfFarm), redis.scard(keys.pinSlotsOfFarm)]);
      return { waiting, slots: { farm, pins } };
    },
  };
}

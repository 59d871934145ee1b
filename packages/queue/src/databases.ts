import { DeploymentId, Hold } from '@switchyard/domain';
import { z } from 'zod';
import { appOf } from './apps.ts';
import type { StoreContext } from './context.ts';
import type { Lease } from './store.ts';

/**
 * `line`: the migration of `of` comes first. `hold`: nobody knows how far that of `of` came. Of an app of another team nothing more is said.
 */
export type DatabaseAnswer =
  | { readonly answer: 'ours' }
  | { readonly answer: 'lease-lost' }
  | { readonly answer: 'line' | 'hold'; readonly of: { readonly app: string; readonly number: number } | null };

/**
 * Who may migrate a database: one deployment at a time, over all environments and apps. The databases are named by whoever asks, in words
 * that tell nothing (a name is kept in plain). They are a deployment's until the script that records its migration's end, also while its
 * worker is dead.
 */
export interface DatabaseLocks {
  /** All or none, in the order of asking. Asking again for what is ours answers `ours`. */
  lock(lease: Lease, names: readonly string[]): Promise<DatabaseAnswer>;
}

const Answer = z.union([
  z.tuple([z.enum(['ours', 'lease-lost'])]),
  z.tuple([z.literal('line'), DeploymentId]),
  z.tuple([z.literal('hold'), z.string()]),
]);

export function databaseLocks({ redis, keys, run, clock }: StoreContext): DatabaseLocks {
  /** Null for an app of another team, or one that is gone. */
  async function named(id: DeploymentId, asker: DeploymentId): Promise<{ app: string; number: number } | null> {
    const [teamId, appId, number] = await redis.hmget(keys.deployment(id), 'teamId', 'appId', 'number');
    if (appId == null || teamId !== (await redis.hget(keys.deployment(asker), 'teamId'))) return null;
    const document = await redis.hget(`${keys.base}app:${appId}`, 'doc');
    return document === null ? null : { app: appOf(document, false).name, number: Number(number) };
  }

  return {
    async lock(lease, names) {
      const wanted = [...new Set(names)].sort().join(' ');
      const [answer, what] = Answer.parse(await run('lockDatabases', clock(), lease.deploymentId, lease.token, wanted));
      if (answer === 'ours' || answer === 'lease-lost') return { answer };
      const id = answer === 'line' ? DeploymentId.parse(what) : Hold.parse(JSON.parse(what ?? 'null')).deploymentId;
      return { answer, of: await named(id, lease.deploymentId) };
    },
  };
}

import type { Clock, DeploymentId, EnvironmentId, Ids } from '@switchyard/domain';
import type { Redis } from 'ioredis';
import { commandConnection, describeUrl, subscriberConnection, waitForConnection } from '../connection.ts';
import type { StoreContext } from '../context.ts';
import { keysFor } from '../keys.ts';
import { recordsOn } from '../open-store.ts';
import { OutboxEntry } from '../queues.ts';
import { type ChangeScript, defineScripts, scriptsOf } from '../scripts.ts';
import type { Store } from '../store.ts';
import { Subscriptions } from '../subscriptions.ts';
import { AUDIT, type Audit, auditOf } from './audit.ts';

export type { OutboxEntry } from '../queues.ts';
export type { ChangeScript } from '../scripts.ts';
export type { Audit, AuditedDeployment, AuditedEnvironment } from './audit.ts';

/** Takes the place of BullMQ: what is handed on, and whether a wake-up is still there to be taken. */
export interface SimulatedWakeUps {
  /** May throw: then nothing was added. `isNew`: a script has just made them. */
  readonly add: (entries: readonly OutboxEntry[], isNew: boolean) => void;
  readonly has: (jobId: string) => boolean;
  readonly waits: (jobId: string) => boolean;
}

/** The records of one simulated farm, in a time of its own. */
export interface SimulatedFarm {
  readonly store: Store;
  /** What the chain's records say, in one step; without the deployments of `known`. */
  audit(known: ReadonlySet<DeploymentId>, environments: readonly EnvironmentId[]): Promise<Audit>;
  /** Ends the term of whoever sweeps: Redis measures it by its own clock, which has nothing to do with the farm's. */
  endSweepTerm(): Promise<void>;
  /** Keeps the present term from ending by Redis's own clock. */
  keepSweepTerm(): Promise<void>;
  /** Every key, without the prefix. */
  keys(): Promise<string[]>;
  /** Removes every key. */
  remove(): Promise<void>;
}

export interface SimulatedRedis {
  farm(options: { prefix: string; clock: Clock; ids: Ids; wakeUps: SimulatedWakeUps }): SimulatedFarm;
  close(): void;
}

/** One connection for any number of simulated farms, each with a prefix of its own. Nobody is told of anything over channels. */
export async function openSimulatedRedis(
  redisUrl: string,
  change: ChangeScript = (_name, lua) => lua,
): Promise<SimulatedRedis> {
  const redis = commandConnection(redisUrl, 'simulation');
  await waitForConnection(redis, describeUrl(redisUrl));
  defineScripts(redis, change);
  redis.defineCommand('sy_audit', { numberOfKeys: 1, lua: AUDIT });
  // Never connected: what is heard is the simulation's to say.
  const subscriptions = new Subscriptions(subscriberConnection(redisUrl, 'simulation-events'));
  return {
    farm({ prefix, clock, ids, wakeUps }) {
      const keys = keysFor(prefix);
      const run = scriptsOf(redis, keys.base);
      const context: StoreContext = { redis, keys, run, subscriptions, clock, ids, faultPoint: () => undefined };
      const allKeys = async (): Promise<string[]> => (await scan(redis, `${keys.base}*`)).sort();
      return {
        store: {
          ...recordsOn(context, wakeUpsOf(context, wakeUps)),
          queues: { take: refuse, depth: refuse },
          isReady: async () => true,
          close: async () => undefined,
        },
        async audit(known, environments) {
          const audit: unknown = Reflect.get(redis, 'sy_audit');
          if (typeof audit !== 'function') throw new Error('no script audit');
          return auditOf(await Reflect.apply(audit, redis, [keys.base, JSON.stringify(environments), ...known]));
        },
        endSweepTerm: async () => void (await redis.del(keys.sweepLeader)),
        keepSweepTerm: async () => void (await redis.persist(keys.sweepLeader)),
        keys: async () => (await allKeys()).map((key) => key.slice(keys.base.length)),
        async remove() {
          const all = await allKeys();
          if (all.length > 0) await redis.unlink(...all);
        },
      };
    },
    close: () => redis.disconnect(),
  };
}

function wakeUpsOf({ redis, keys }: StoreContext, { add, has, waits }: SimulatedWakeUps) {
  return {
    async handOn(entries: readonly OutboxEntry[]): Promise<void> {
      if (entries.length > 0) add(entries, true);
    },
    async handOnLost() {
      const entries = Object.values(await redis.hgetall(keys.outbox))
        .toSorted()
        .map((text) => OutboxEntry.parse(JSON.parse(text)));
      const lost = entries.filter(({ jobId }) => !has(jobId));
      if (lost.length > 0) add(lost, false);
      return lost.length;
    },
    waits: async (_queue: string, jobId: string) => waits(jobId),
  };
}

async function refuse(): Promise<never> {
  throw new Error('in a simulated farm wake-ups are handed over, not taken from BullMQ');
}

async function scan(redis: Redis, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 1_000);
    for (const key of keys) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}

import type { Clock, HostId, Ids } from '@switchyard/domain';
import { settingsRecords } from './app-settings.ts';
import { appRecords } from './apps.ts';
import { chainOf } from './chain.ts';
import { claimsOf } from './claims.ts';
import {
  blockingConnection,
  checkRedis,
  commandConnection,
  describeUrl,
  guarded,
  SHORT_CONNECT_TIMEOUT_MS,
  subscriberConnection,
  toStoreError,
  waitForConnection,
} from './connection.ts';
import type { StoreContext } from './context.ts';
import { databaseLocks } from './databases.ts';
import { deploymentRecords } from './deployments.ts';
import { diskRecords } from './disks.ts';
import { domainRecords } from './domains.ts';
import { eventStreams } from './events.ts';
import { farmRecords } from './farm.ts';
import { idempotencyRecords } from './idempotency.ts';
import { instanceRecords } from './instances.ts';
import { keysFor } from './keys.ts';
import { knownHostRecords } from './known-hosts.ts';
import { limitRecords } from './limit-records.ts';
import { oneOffRecords } from './one-offs.ts';
import { outputStreams } from './output.ts';
import { processRecords } from './processes.ts';
import { BullQueues, type WakeUps } from './queues.ts';
import { releaseRecords } from './releases.ts';
import { routingRecords } from './routing.ts';
import { loadScripts } from './scripts.ts';
import { sourceCredentialRecords } from './source-credentials.ts';
import type { Store } from './store.ts';
import { Subscriptions } from './subscriptions.ts';
import { teamRecords } from './teams.ts';
import { uploadRecords } from './uploads.ts';
import { variableRecords } from './variables.ts';
import { webhookRecords } from './webhooks.ts';

export interface StoreOptions {
  readonly redisUrl: string;
  /** Put before every key and channel, so that farms and tests share a Redis without meeting. Letters, digits, `-`. */
  readonly prefix?: string;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Names the connection in CLIENT LIST. */
  readonly name: string;
  /** Called at places where a process may die between two effects: `build:recorded`. For tests. */
  readonly faultPoint?: (name: string) => void;
  /** `continue`: open although Redis does not answer (a router serves from disk); it is checked as soon as it does. Default: `reject`. */
  readonly whenUnreachable?: 'reject' | 'continue';
  /** Told when a Redis that came late can't be used. Only with `continue`. */
  readonly onUnusable?: (error: unknown) => void;
}

/**
 * Connects and checks that this Redis can be used: version ≥ 6.2, AOF on with `appendfsync always`, `noeviction`. Rejects with
 * `redis-unusable` and a sentence on what to change, or with `redis-unavailable`.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { redisUrl, name, clock, ids } = options;
  const keys = keysFor(options.prefix ?? 'switchyard');
  const redis = commandConnection(redisUrl, name);
  const subscriber = subscriberConnection(redisUrl, `${name}-events`);
  const describe = describeUrl(redisUrl);
  const timeoutMs = options.whenUnreachable === 'continue' ? SHORT_CONNECT_TIMEOUT_MS : undefined;
  try {
    await waitForConnection(redis, describe, timeoutMs);
    await checkRedis(redis, describe);
    await waitForConnection(subscriber, describe, timeoutMs);
  } catch (error) {
    const reason = toStoreError(error);
    if (options.whenUnreachable !== 'continue' || !isUnavailable(reason)) {
      redis.disconnect();
      subscriber.disconnect();
      throw reason;
    }
    redis.once(
      'ready',
      () => void checkRedis(redis, describe).catch((late: unknown) => options.onUnusable?.(toStoreError(late))),
    );
    subscriber.connect().catch(() => undefined);
  }

  const run = loadScripts(redis, keys.base);
  const context: StoreContext = {
    redis,
    keys,
    run,
    subscriptions: new Subscriptions(subscriber),
    clock,
    ids,
    faultPoint: options.faultPoint ?? (() => undefined),
  };
  const queues = new BullQueues(redis, keys, () => blockingConnection(redisUrl, `${name}-queue`));
  return {
    ...recordsOn(context, queues),
    queues: guarded({
      take: (request: Parameters<BullQueues['take']>[0]) => queues.take(request),
      depth: (hosts: readonly HostId[]) => queues.depth(hosts),
    }),
    async isReady() {
      return await redis.ping().then(
        (answer) => answer === 'PONG',
        () => false,
      );
    },
    async close() {
      await queues.close().catch(() => undefined);
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

/** All that the store has but its connections' own. */
export function recordsOn(context: StoreContext, wakeUps: WakeUps): Omit<Store, 'queues' | 'isReady' | 'close'> {
  const farm = farmRecords(context);
  const chain = chainOf(context, wakeUps, async () => (await farm.current()).id);

  const apps = appRecords(context, chain);
  const deployments = deploymentRecords(context);
  const releases = releaseRecords(context);
  const instances = instanceRecords(context);
  const oneOffs = oneOffRecords(context);

  return {
    farm: guarded(farm),
    teams: guarded(teamRecords(context)),
    limits: guarded(
      // What can't be handed on now stays in the outbox for the sweep.
      limitRecords(context, (entries) => wakeUps.handOn(entries).catch(() => undefined)),
    ),
    apps: guarded(apps),
    settings: guarded(settingsRecords(context)),
    variables: guarded(variableRecords(context)),
    domains: guarded(domainRecords(context)),
    sourceCredentials: guarded(sourceCredentialRecords(context)),
    knownHosts: guarded(knownHostRecords(context)),
    deployments: guarded(deployments),
    chain: guarded(chain),
    claims: guarded(claimsOf(context)),
    databases: guarded(databaseLocks(context)),
    disks: guarded(diskRecords(context, { apps, deployments, releases, instances, oneOffs })),
    events: guarded(eventStreams(context)),
    output: guarded(outputStreams(context)),
    releases: guarded(releases),
    instances: guarded(instances),
    oneOffs: guarded(oneOffs),
    routing: guarded(routingRecords(context)),
    processes: guarded(processRecords(context)),
    webhooks: guarded(webhookRecords(context)),
    uploads: guarded(uploadRecords(context)),
    idempotency: guarded(idempotencyRecords(context)),
  };
}

function isUnavailable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'redis-unavailable';
}

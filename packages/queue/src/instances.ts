import { DesiredInstance, InstanceId, ObservedInstance } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { InstanceRecords } from './store.ts';

export function instanceRecords({
  redis,
  keys,
  run,
  subscriptions,
  clock,
  ids: newIds,
}: StoreContext): InstanceRecords {
  /** Drains are a hash of their own: a document is never rewritten after it was desired. */
  async function desired(members: readonly string[]): Promise<DesiredInstance[]> {
    if (members.length === 0) return [];
    const [documents, drains] = await Promise.all([
      redis.hmget(keys.desired, ...members),
      redis.hmget(keys.drains, ...members),
    ]);
    return documents.flatMap((document, index) => {
      if (document === null) return [];
      const until = drains[index];
      const draining = until !== null && until !== undefined;
      return [
        {
          ...DesiredInstance.parse(JSON.parse(document)),
          ...(draining ? { mode: 'drain' as const, drainUntil: Number(until) } : {}),
        },
      ];
    });
  }

  async function observed(members: readonly string[]): Promise<ObservedInstance[]> {
    if (members.length === 0) return [];
    const documents = await redis.hmget(keys.observed, ...members);
    return documents.flatMap((document) => (document === null ? [] : [ObservedInstance.parse(JSON.parse(document))]));
  }

  return {
    async desire(lease, instances) {
      const answer = await run(
        'desireInstances',
        clock(),
        lease.deploymentId,
        lease.token,
        ...instances.flatMap((instance) => [instance.id, instance.hostId, JSON.stringify(instance)]),
      );
      const [verdict, ...documents] = z.array(z.string()).parse(answer);
      return verdict === 'kept' ? documents.map((document) => DesiredInstance.parse(JSON.parse(document))) : null;
    },

    async ofDeployment(id) {
      return await desired(await redis.smembers(keys.instancesOf(id)));
    },

    async ofEnvironment(id) {
      return await desired(await redis.smembers(keys.instancesOfEnvironment(id)));
    },

    async ofHost(id) {
      return await desired(await redis.smembers(keys.desiredOfHost(id)));
    },

    async drain(ids, until) {
      if (ids.length > 0) await run('drainInstances', clock(), until, ...ids);
    },

    async withdraw(ids) {
      if (ids.length > 0) await run('withdrawInstances', clock(), ...ids);
    },

    async scale(environmentId) {
      const answer = await run('scale', clock(), environmentId, newIds('ins'), newIds('route'));
      const [added, taken] = z.tuple([z.int(), z.int()]).parse(answer);
      return { added, taken };
    },

    onDesired(hostId, listener) {
      return subscriptions.hint(keys.desiredChannel(hostId), () => listener());
    },

    async observe(instance) {
      await redis
        .multi()
        .hset(keys.observed, instance.id, JSON.stringify(instance))
        .sadd(keys.observedOfHost(instance.hostId), instance.id)
        .sadd(keys.observedOf(instance.deploymentId), instance.id)
        .publish(keys.observedChannel, JSON.stringify({ id: instance.id, deploymentId: instance.deploymentId }))
        .exec();
    },

    async forget(hostId, id) {
      const [last] = await observed([id]);
      const forgetting = redis.multi().hdel(keys.observed, id).srem(keys.observedOfHost(hostId), id);
      if (last !== undefined) {
        forgetting
          .srem(keys.observedOf(last.deploymentId), id)
          .publish(keys.observedChannel, JSON.stringify({ id, deploymentId: last.deploymentId }));
      }
      await forgetting.exec();
    },

    async observed(id) {
      return await observed(await redis.smembers(keys.observedOf(id)));
    },

    async observedOnHost(id) {
      return await observed(await redis.smembers(keys.observedOfHost(id)));
    },

    onObserved(listener) {
      const Message = z.object({
        id: InstanceId,
        deploymentId: z.custom<`dep_${string}`>((value) => typeof value === 'string'),
      });
      return subscriptions.hint(keys.observedChannel, (message) => {
        if (message !== null) listener(Message.parse(JSON.parse(message)));
      });
    },
  };
}

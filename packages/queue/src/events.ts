import { DeploymentEvent } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { EventStreams } from './store.ts';

/** Events of a stream as XRANGE answers it: [id, ['e', json]]. */
function eventsOf(entries: [string, string[]][]): DeploymentEvent[] {
  return entries.map(([, fields]) => DeploymentEvent.parse(JSON.parse(fields[1] ?? 'null')));
}

export function eventStreams({ redis, keys, run, subscriptions, clock }: StoreContext): EventStreams {
  // A message goes to all its listeners in turn: it is read once for all of them, and all get the same object.
  let newest: { message: string; event: DeploymentEvent } | null = null;
  const eventOf = (message: string): DeploymentEvent => {
    if (newest?.message !== message) newest = { message, event: DeploymentEvent.parse(JSON.parse(message)) };
    return newest.event;
  };

  return {
    async appendLog(lease, batch) {
      const id = Number(await run('appendLog', clock(), lease.deploymentId, lease.token, JSON.stringify(batch)));
      return id === 0 ? null : id;
    },

    async read(id, afterId) {
      const from = `(${afterId}-0`;
      const [states, logs, oldest] = await Promise.all([
        redis.xrange(keys.events(id), from, '+'),
        redis.xrange(keys.logs(id), from, '+'),
        redis.xrange(keys.logs(id), '-', '+', 'COUNT', 1),
      ]);
      const events = [...eventsOf(states), ...eventsOf(logs)].sort((a, b) => a.id - b.id);
      return { events, logsFrom: eventsOf(oldest)[0]?.id ?? null };
    },

    async trimLogs(id, upTo) {
      await redis.xtrim(keys.logs(id), 'MINID', `${upTo + 1}-0`);
      if ((await redis.xlen(keys.logs(id))) === 0) await redis.del(keys.logs(id));
    },

    async subscribe(id, listener) {
      return await subscriptions.listen(keys.eventsChannel(id), (message) => {
        listener(message === null ? 'reread' : eventOf(message));
      });
    },
  };
}

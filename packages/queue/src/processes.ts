import { LIMITS, ProcessId, ProcessKind, ProcessOrder, ProcessRecord, strongestOrder } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { ProcessRecords } from './store.ts';

/** Records of processes that went without a goodbye are kept this long. */
const FORGET_MS = 3_600_000;

/** Of a process whose record is older than these, or that says nothing of them. */
const WORKING = { state: 'working', inHand: 0 } as const;

type Self = Parameters<ProcessRecords['join']>[0];

export function processRecords({ redis, keys, run, subscriptions, clock }: StoreContext): ProcessRecords {
  /** Says that the process is alive and answers what it has been told, all in one step. */
  async function beat(process: Self, now: Pick<ProcessRecord, 'state' | 'inHand'>): Promise<ProcessOrder | null> {
    const at = clock();
    const record: ProcessRecord = { v: 1, ...process, ...now, beatAt: at };
    const answer = await redis
      .multi()
      .zadd(keys.processes(process.kind), at, process.id)
      .zremrangebyscore(keys.processes(process.kind), '-inf', at - FORGET_MS)
      .set(keys.process(process.id), JSON.stringify(record), 'PX', FORGET_MS)
      .hvals(keys.processOrders(process.id))
      .exec();
    const orders = z.array(z.string()).parse(answer?.[3]?.[1] ?? []);
    return strongestOrder(orders.map((text) => ProcessOrder.parse(JSON.parse(text))));
  }

  async function aliveOf(kind: ProcessKind): Promise<ProcessRecord[]> {
    const members = await redis.zrangebyscore(keys.processes(kind), clock() - LIMITS.processGoneMs, '+inf');
    if (members.length === 0) return [];
    const documents = await redis.mget(members.map((id) => keys.process(ProcessId.parse(id))));
    return documents.flatMap((document) => (document === null ? [] : [ProcessRecord.parse(JSON.parse(document))]));
  }

  return {
    async join(process, { report = () => WORKING, onOrder = () => undefined } = {}) {
      let hasLeft = false;
      const say = async (): Promise<void> => {
        const order = await beat(process, report());
        if (order !== null && !hasLeft) onOrder(order);
      };
      await say();
      // A beat that fails is followed by the next one: the store reconnects by itself.
      const beatSoon = (): void => void say().catch(() => undefined);
      const timer = setInterval(beatSoon, LIMITS.processBeatMs);
      timer.unref();
      // Null after a reconnect: an order may have been missed.
      const stopListening = subscriptions.hint(keys.processOrderChannel, (id) => {
        if (id === null || id === process.id) beatSoon();
      });
      return {
        say: beatSoon,
        async leave() {
          hasLeft = true;
          clearInterval(timer);
          stopListening();
          await redis
            .multi()
            .zrem(keys.processes(process.kind), process.id)
            .del(
              keys.process(process.id),
              keys.processOrders(process.id),
              keys.acknowledged(process.id),
              keys.inFlight(process.id),
            )
            .exec();
        },
      };
    },

    async alive(kind) {
      const kinds = kind === undefined ? ProcessKind.options : [kind];
      return (await Promise.all(kinds.map(aliveOf))).flat();
    },

    async tell(id, order) {
      const document = await redis.get(keys.process(id));
      if (document === null) return null;
      const record = ProcessRecord.parse(JSON.parse(document));
      if (record.beatAt < clock() - LIMITS.processGoneMs) return null;
      const orders = keys.processOrders(id);
      await redis
        .multi()
        .hset(orders, order.order, JSON.stringify(order))
        .pexpire(orders, FORGET_MS)
        .publish(keys.processOrderChannel, id)
        .exec();
      return record;
    },

    async lead(task, processId, termMs) {
      const key = keys.leader(task);
      const taken = await redis.set(key, processId, 'PX', termMs, 'NX');
      if (taken === null && (await redis.get(key)) !== processId) return false;
      await redis.pexpire(key, termMs);
      return true;
    },

    async resign(processId) {
      await run('resign', clock(), processId);
    },
  };
}

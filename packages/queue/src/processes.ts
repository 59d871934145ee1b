import { LIMITS, ProcessId, ProcessKind, ProcessRecord } from '@switchyard/domain';
import type { StoreContext } from './context.ts';
import type { ProcessRecords } from './store.ts';

/** Records of processes that went without a goodbye are kept this long. */
const FORGET_MS = 3_600_000;

export function processRecords({ redis, keys, clock }: StoreContext): ProcessRecords {
  async function beat(process: Omit<ProcessRecord, 'v' | 'beatAt'>): Promise<void> {
    const now = clock();
    const record: ProcessRecord = { v: 1, ...process, beatAt: now };
    await redis
      .multi()
      .zadd(keys.processes(process.kind), now, process.id)
      .zremrangebyscore(keys.processes(process.kind), '-inf', now - FORGET_MS)
      .set(keys.process(process.id), JSON.stringify(record), 'PX', FORGET_MS)
      .exec();
  }

  async function aliveOf(kind: ProcessKind): Promise<ProcessRecord[]> {
    const members = await redis.zrangebyscore(keys.processes(kind), clock() - LIMITS.processGoneMs, '+inf');
    if (members.length === 0) return [];
    const documents = await redis.mget(members.map((id) => keys.process(ProcessId.parse(id))));
    return documents.flatMap((document) => (document === null ? [] : [ProcessRecord.parse(JSON.parse(document))]));
  }

  return {
    async join(process) {
      await beat(process);
      // A beat that fails is followed by the next one: the store reconnects by itself.
      const timer = setInterval(() => void beat(process).catch(() => undefined), LIMITS.processBeatMs);
      timer.unref();
      return {
        async leave() {
          clearInterval(timer);
          await redis
            .multi()
            .zrem(keys.processes(process.kind), process.id)
            .del(keys.process(process.id), keys.acknowledged(process.id), keys.inFlight(process.id))
            .exec();
        },
      };
    },

    async alive(kind) {
      const kinds = kind === undefined ? ProcessKind.options : [kind];
      return (await Promise.all(kinds.map(aliveOf))).flat();
    },

    async lead(task, processId, termMs) {
      const key = keys.leader(task);
      const taken = await redis.set(key, processId, 'PX', termMs, 'NX');
      if (taken === null && (await redis.get(key)) !== processId) return false;
      await redis.pexpire(key, termMs);
      return true;
    },
  };
}

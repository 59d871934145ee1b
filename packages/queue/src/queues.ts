import { DeploymentId, type HostId, type QueueName, StepName } from '@switchyard/domain';
import { type Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Keys } from './keys.ts';
import type { Queues, Wake } from './store.ts';

/** What a script leaves in the outbox: a wake-up that has to become a BullMQ job. */
export const OutboxEntry = z.object({
  queue: z.string().regex(/^[\w-]+$/),
  step: StepName,
  deploymentId: DeploymentId,
  jobId: z.string(),
  delayMs: z.number().nonnegative(),
});
export type OutboxEntry = z.infer<typeof OutboxEntry>;

const JobData = z.object({ deploymentId: DeploymentId, step: StepName });

function wakeOf({ id, data }: Job): Wake {
  return { ...JobData.parse(data), ...(id === undefined ? {} : { jobId: id }) };
}

/**
 * BullMQ redelivers a job whose worker died; the record, not BullMQ, counts lost workers, so its own count never ends a job.
 * Finished jobs are removed: an id that sits in a finished set would be ignored when added again.
 */
const NEVER = 1_000_000;

/** Where wake-ups go, and where they are looked for. */
export type WakeUps = Pick<BullQueues, 'handOn' | 'handOnLost' | 'waits'>;

export class BullQueues implements Queues {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #connect: () => Redis;
  readonly #queues = new Map<string, Queue>();
  /** Each with its connection, which BullMQ leaves open: it was handed in. */
  readonly #workers = new Map<Worker, Redis>();

  /** `connect` makes a connection that blocks, for workers. */
  constructor(redis: Redis, keys: Keys, connect: () => Redis) {
    this.#redis = redis;
    this.#keys = keys;
    this.#connect = connect;
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, {
      connection: this.#redis,
      prefix: this.#keys.bullPrefix,
      skipVersionCheck: true,
      skipWaitingForReady: true,
    });
    queue.on('error', () => undefined);
    this.#queues.set(name, queue);
    return queue;
  }

  /** Adds the jobs. Each entry stays in the outbox until somebody begins with its job: whatever fails before is added again. */
  async handOn(entries: readonly OutboxEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await Promise.all(
      entries.map(({ queue, step, deploymentId, jobId, delayMs }) =>
        this.#queue(queue).add(
          step,
          { deploymentId, step },
          { jobId, delay: delayMs, attempts: 1, removeOnComplete: true, removeOnFail: true },
        ),
      ),
    );
  }

  /** Hands on what is in the outbox and in no queue: its writer did not get to it, or the call of begin failed. */
  async handOnLost(): Promise<number> {
    const entries = Object.values(await this.#redis.hgetall(this.#keys.outbox)).map((text) =>
      OutboxEntry.parse(JSON.parse(text)),
    );
    const known = await Promise.all(
      entries.map(async ({ queue, jobId }) => await this.#redis.exists(this.#queue(queue).toKey(jobId))),
    );
    const lost = entries.filter((_, index) => known[index] === 0);
    await this.handOn(lost);
    return lost.length;
  }

  /**
   * Whether a job waits for a worker. One that was taken long ago and has not begun its step is as good as lost: its worker died with it,
   * and BullMQ gives it to another only after a minute.
   */
  async waits(queue: string, jobId: string): Promise<boolean> {
    const job = await this.#queue(queue).getJob(jobId);
    return job !== undefined && job.processedOn === undefined;
  }

  async take({ queues, concurrency, work, onError }: Parameters<Queues['take']>[0]): ReturnType<Queues['take']> {
    const workers = queues.map((name) => {
      const connection = this.#connect();
      const worker = new Worker(name, async (job: Job) => await work(wakeOf(job)), {
        connection,
        prefix: this.#keys.bullPrefix,
        concurrency,
        maxStalledCount: NEVER,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
        skipVersionCheck: true,
      });
      worker.on('error', onError);
      worker.on('failed', (_job, error) => onError(error));
      this.#workers.set(worker, connection);
      return worker;
    });
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    return {
      quiet: async () => void (await Promise.all(workers.map((worker) => worker.pause(true)))),
      close: async () => void (await Promise.all(workers.map((worker) => this.#end(worker, false)))),
    };
  }

  /** `isForced`: without waiting for what it has in work. */
  async #end(worker: Worker, isForced: boolean): Promise<void> {
    await worker.close(isForced);
    this.#workers.get(worker)?.disconnect();
    this.#workers.delete(worker);
  }

  async depth(hosts: readonly HostId[]): ReturnType<Queues['depth']> {
    const names: QueueName[] = ['light', 'heavy', ...hosts.map((host) => `host-${host}` as const)];
    const counts = await Promise.all(
      names.map(async (queue) => {
        const {
          wait = 0,
          active = 0,
          delayed = 0,
        } = await this.#queue(queue).getJobCounts('wait', 'active', 'delayed');
        return [
          { queue, state: 'waiting' as const, count: wait },
          { queue, state: 'active' as const, count: active },
          { queue, state: 'delayed' as const, count: delayed },
        ];
      }),
    );
    return counts.flat();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.keys()].map((worker) => this.#end(worker, true)));
    await Promise.all([...this.#queues.values()].map((queue) => queue.close()));
  }
}

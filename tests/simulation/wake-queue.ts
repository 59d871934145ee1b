import type { StepName } from '@switchyard/domain';
import type { Wake } from '@switchyard/queue';
// @boundaries-ignore the records of a simulated farm, and what they say, are the queue's own to open
import type { OutboxEntry } from '../../packages/queue/src/testing/simulated-redis.ts';
import type { Timeline } from './timeline.ts';

/** BullMQ gives a job whose worker died to another one after its lock has run out and its look for stalled jobs has come by. */
const STALLED_MS = 60_000;

export interface Job {
  readonly id: string;
  readonly queue: string;
  readonly wake: Wake;
  /** Delivered, though nobody knows it: the job is done with whatever becomes of it. */
  readonly isCopy: boolean;
  state: 'waiting' | 'delayed' | 'active';
  /** Some worker had it once. */
  wasTaken: boolean;
}

/** Who takes jobs off queues. */
export interface Taker {
  readonly queues: readonly string[];
  readonly room: () => boolean;
  readonly take: (job: Job) => void;
}

export interface WakeQueueOptions {
  readonly timeline: Timeline;
  /** Of those that could take a job, the one that does. */
  readonly choose: (takers: readonly Taker[]) => Taker | null;
  /** What becomes of a job on its way, by chance. */
  readonly fate: (step: StepName) => { lost: boolean; lateMs: number; twice: boolean };
  readonly violated: (what: string) => void;
}

/**
 * What BullMQ does with wake-ups, as far as the chain can tell, in simulated time: an id that is there is ignored when it is added again, a
 * job comes after its delay, one whose worker died comes again after a minute. BullMQ itself reads the machine's clock.
 */
export class WakeQueue {
  readonly #options: WakeQueueOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #takers = new Set<Taker>();
  readonly #added = new Set<string>();

  constructor(options: WakeQueueOptions) {
    this.#options = options;
  }

  /** Whether a wake-up has ever come as far as the queue. */
  hasSeen(id: string): boolean {
    return this.#added.has(id);
  }

  /** `isNew`: a script has just made it, so that nobody can have seen its id. */
  add({ jobId, queue, step, deploymentId, delayMs }: OutboxEntry, isNew: boolean): void {
    const { timeline, fate, violated } = this.#options;
    if (isNew && this.#added.has(jobId))
      violated(`the wake-up ${jobId} has an id that BullMQ has seen: it may be ignored`);
    this.#added.add(jobId);
    if (this.#jobs.has(jobId)) return;
    const { lost, lateMs, twice } = fate(step);
    if (lost) return;
    const wake = { deploymentId, step, jobId };
    this.#put({ id: jobId, queue, wake, isCopy: false, state: 'delayed', wasTaken: false }, delayMs + lateMs);
    if (twice) {
      const copy: Job = { id: `${jobId}-again`, queue, wake, isCopy: true, state: 'delayed', wasTaken: false };
      timeline.plan(timeline.now + delayMs + lateMs, () => this.#put(copy, lateMs));
    }
  }

  has(id: string): boolean {
    return this.#jobs.has(id);
  }

  waits(id: string): boolean {
    const job = this.#jobs.get(id);
    return job !== undefined && !job.wasTaken;
  }

  join(taker: Taker): void {
    this.#takers.add(taker);
    this.deal();
  }

  /** Its jobs are nobody's, until they are found stalled. */
  leave(taker: Taker): void {
    this.#takers.delete(taker);
  }

  done(job: Job): void {
    this.#jobs.delete(job.id);
    this.deal();
  }

  abandon(job: Job): void {
    const { timeline } = this.#options;
    timeline.plan(timeline.now + STALLED_MS, () => {
      if (this.#jobs.get(job.id) !== job) return;
      job.state = 'waiting';
      this.deal();
    });
  }

  /** Gives what waits to whoever has room. */
  deal(): void {
    for (const job of this.#jobs.values()) {
      if (job.state !== 'waiting') continue;
      const able = [...this.#takers].filter(({ queues, room }) => queues.includes(job.queue) && room());
      const taker = this.#options.choose(able);
      if (taker === null) continue;
      job.state = 'active';
      job.wasTaken = true;
      taker.take(job);
    }
  }

  #put(job: Job, delayMs: number): void {
    const { timeline } = this.#options;
    this.#jobs.set(job.id, job);
    timeline.plan(timeline.now + delayMs, () => {
      if (job.state !== 'delayed') return;
      job.state = 'waiting';
      this.deal();
    });
  }
}

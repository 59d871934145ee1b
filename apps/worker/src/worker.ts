import { type Clock, LIMITS, type QueueName } from '@switchyard/domain';
import { outputArchive } from '@switchyard/service';
import { DiskKeeper, type DiskKeeperOptions } from './disk-keeper.ts';
import { StepRunner, type StepRunnerOptions } from './step-runner.ts';
import { startSweeping } from './sweep.ts';
import { startTakingOver } from './take-over.ts';

export interface WorkerOptions extends Omit<StepRunnerOptions, 'metrics' | 'disk'> {
  readonly disk: Pick<DiskKeeperOptions, 'disk' | 'budgetBytes' | 'reserveBytes'>;
  readonly pools: readonly ('light' | 'heavy')[];
  readonly concurrency: number;
  readonly metrics: (active: () => number) => StepRunnerOptions['metrics'];
}

/** True at most once in so many milliseconds. */
function every(intervalMs: number, clock: Clock): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (clock() - last < intervalMs) return false;
    last = clock();
    return true;
  };
}

export interface RunningWorker {
  /** Steps at work. */
  readonly active: number;
  /** Takes no more wake-ups and leads no sweep; what runs goes on. Safe to call twice. */
  quiet(): Promise<void>;
  /** Quiet, then lets what runs end until the deadline and hands the rest back, so that another worker goes on at once. */
  drain(deadlineMs: number): Promise<void>;
}

/** Takes wake-ups until it is told otherwise. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { store, log, hostId, pools, concurrency } = options;
  // The figures ask the runner how many steps it runs, and the runner reports its figures.
  let active = (): number => 0;
  const metrics = options.metrics(() => active());
  const disk = new DiskKeeper({ ...options, ...options.disk, records: store.disks, metrics });
  const runner = new StepRunner({ ...options, disk, metrics });
  active = () => runner.active;

  const stopListening = store.chain.onCancel((id) => runner.cancel(id));
  const queues: QueueName[] = [...pools, `host-${hostId}`];
  const taking = await store.queues.take({
    queues,
    concurrency,
    work: (wake) => runner.work(wake),
    onError: (error) => log.warn({ err: error }, 'a wake-up failed; the sweep repeats it'),
  });
  const withUploads = every(LIMITS.uploadSweepMs, options.clock);
  const takingOver = startTakingOver(options);
  const sweeping = startSweeping({
    ...options,
    disk,
    outputArchive: outputArchive(options.blobs),
    platform: options.platform.worker,
    metrics,
    withUploads,
  });
  log.info({ queues, concurrency }, 'taking work');

  let quieting: Promise<void> | null = null;
  const quiet = (): Promise<void> =>
    (quieting ??= (async () => {
      await taking.quiet();
      await Promise.all([sweeping.stop(), takingOver.stop()]);
      // Without Redis its terms run out by themselves.
      await store.processes.resign(options.processId).catch(() => undefined);
    })());

  return {
    get active() {
      return runner.active;
    },
    quiet,
    async drain(deadlineMs) {
      const handBack = setTimeout(() => runner.stopAll(), deadlineMs);
      // At once also where the last round of a sweep takes its time.
      const isQuiet = quiet();
      await taking.close();
      await isQuiet;
      clearTimeout(handBack);
      stopListening();
    },
  };
}

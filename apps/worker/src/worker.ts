import { type Clock, LIMITS, type QueueName } from '@switchyard/domain';
import { outputArchive } from '@switchyard/service';
import { DiskKeeper, type DiskKeeperOptions } from './disk-keeper.ts';
import { StepRunner, type StepRunnerOptions } from './step-runner.ts';
import { startSweeping } from './sweep.ts';

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

/**
 * Takes wake-ups until it is stopped. Stopping takes no more, gives what runs `LIMITS.workerDrainTimeoutMs`, and hands the rest back, so
 * that another worker goes on at once.
 */
export async function startWorker(options: WorkerOptions): Promise<{ stop(): Promise<void> }> {
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
  const sweeping = startSweeping({
    ...options,
    disk,
    outputArchive: outputArchive(options.blobs),
    platform: options.platform.worker,
    metrics,
    withUploads,
  });
  log.info({ queues, concurrency }, 'taking work');

  return {
    async stop() {
      await taking.quiet();
      const drain = setTimeout(() => runner.stopAll(), LIMITS.workerDrainTimeoutMs);
      await sweeping.stop();
      await taking.close();
      clearTimeout(drain);
      stopListening();
    },
  };
}

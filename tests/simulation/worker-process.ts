import { type HostId, LIMITS, NO_MAXIMA, STEPS, type StepName, SwitchyardError } from '@switchyard/domain';
import { openUploads } from '@switchyard/platform';
import { createLog, secretBox } from '@switchyard/service';
// @boundaries-ignore what is simulated is the worker's own code: how it runs steps, keeps its lease and follows what it started
import type { WorkerMetrics } from '../../apps/worker/src/metrics.ts';
// @boundaries-ignore what is simulated is the process's own code
import type { Stage } from '../../apps/worker/src/stages/stage.ts';
// @boundaries-ignore what is simulated is the process's own code
import { STAGE_WORK } from '../../apps/worker/src/stages/table.ts';
// @boundaries-ignore what is simulated is the process's own code
import { StepRunner } from '../../apps/worker/src/step-runner.ts';
import { storeOf } from './process-store.ts';
import type { Run } from './run.ts';
import { planOf } from './simulated-plan.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { Job, Taker } from './wake-queue.ts';

const SECRETS = secretBox(Buffer.alloc(32, 1));
const SILENT = createLog({ process: 'worker', level: 'silent' });
const CONCURRENCY = 2;

const NO_METRICS: WorkerMetrics = {
  stageEnded: () => undefined,
  cacheAnswered: () => undefined,
  retried: () => undefined,
  deploymentEnded: () => undefined,
  swept: () => undefined,
  workspacesRemoved: () => undefined,
  deploymentsForgotten: () => undefined,
  diskKept: () => undefined,
  diskReclaimed: () => undefined,
};

/**
 * One worker: the real runner of steps on the real scripts, the real stages but for the two that read a repository's files. Whatever becomes
 * of it, another one takes its place after a while.
 */
export function startWorker(run: Run, hostId: HostId, number = 1): void {
  const { timeline, random, queue, world } = run;
  const process = new SimulatedProcess(`worker-${hostId.slice(5, 6)}${number}`, timeline);
  const processId = run.ids('proc');
  const store = storeOf(run, process);
  const { platform } = world.host(hostId);
  const jobs = new Set<Job>();
  const runner = new StepRunner({
    store,
    platform,
    sources: world.sources,
    uploads: openUploads({ dataDir: '.' }),
    blobs: world.blobs,
    archive: world.archive,
    farm: { id: run.farmId, epoch: 1 },
    hostId,
    processId,
    dataDirectory: '.',
    urlOf: (host) => `http://${host}`,
    secrets: [],
    secretBox: SECRETS,
    maxima: NO_MAXIMA,
    clock: () => timeline.now,
    ids: run.ids,
    jitter: () => random.next(),
    faultPoint: (point) => {
      if (process.isDead || !run.weather.happens('point')) return;
      run.strike('worker dies', SimulatedProcess.currentStep(), `${process.name} at ${point}`);
      run.die(process);
    },
    stages: stagesOf(run),
    disk: { ensureRoom: () => Promise.resolve() },
    metrics: NO_METRICS,
    log: SILENT,
  });
  const taker: Taker = {
    queues: ['light', 'heavy', `host-${hostId}`],
    room: () => jobs.size < CONCURRENCY && !isLeaving,
    take: (job) => {
      jobs.add(job);
      const { wake } = job;
      process.run(() => {
        const work = runner.work(wake).catch((error: unknown) => failed(run, process, error));
        void work.then(() => {
          if (process.isDead) return;
          jobs.delete(job);
          queue.done(job);
        });
      }, wake.step);
    },
  };
  let isLeaving = false;

  const replace = (): void => {
    run.onDeath.delete(process);
    queue.leave(taker);
    for (const job of jobs) queue.abandon(job);
    run.workers.delete(process);
    timeline.plan(timeline.now + (run.weather.isOver ? 100 : random.between(200, 8_000)), () =>
      startWorker(run, hostId, number + CHAIR_COUNT),
    );
  };
  /** As `worker.ts` ends: what runs is handed back. */
  const stop = (): void => {
    if (isLeaving || process.isDead) return;
    isLeaving = true;
    for (const job of jobs) run.strike('worker is told to stop', job.wake.step, process.name);
    process.run(() => runner.stopAll());
    process.plan(timeline.now + STOP_MS, () => run.die(process));
  };
  run.onDeath.set(process, replace);
  run.workers.set(process, { processId, stop });
  process.run(() => {
    store.chain.onCancel((id) => runner.cancel(id));
    void sweepForEver();
  });
  queue.join(taker);

  async function sweepForEver(): Promise<void> {
    await process.sleep(random.between(0, LIMITS.sweepMs));
    for (;;) {
      await store.chain.sweep(processId).catch((error: unknown) => failed(run, process, error));
      await process.sleep(LIMITS.sweepMs);
    }
  }
}

const STOP_MS = 4_000;
const CHAIR_COUNT = 10;

function failed(run: Run, process: SimulatedProcess, error: unknown): void {
  if (error instanceof SwitchyardError && error.code === 'redis-unavailable') return;
  // The lease ran out before the stage had begun.
  if (error instanceof Error && error.name === 'AbortError') return;
  run.violated(`${process.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
}

/** The two stages that read a repository's files; all others are the worker's. */
function stagesOf(run: Run): Readonly<Record<StepName, Stage>> {
  const { random } = run;
  const mayFail = (step: StepName): void => {
    // A migration's own command fails, and by what it says; a cleanup has nothing that a user could mend.
    if (step === 'migrate' || run.weather.isOver || !random.chance(run.weather.stageFails)) return;
    const isTransient = step === 'cleanup' || random.chance(0.7);
    run.strike(isTransient ? 'stage fails for a moment' : 'stage fails', step, step);
    if (isTransient) throw new SwitchyardError('source-unreachable', 'The host does not answer.');
    throw new SwitchyardError('ref-not-found', 'There is no such branch.');
  };
  const around =
    (step: StepName, work: Stage): Stage =>
    async (context) => {
      // What cleanup leaves behind when its last attempt has failed is reported, and stays: that is not asked here.
      const { attempts = [] } = context.deployment.stages.find(({ name }) => name === step) ?? {};
      if (step !== 'cleanup' || attempts.length < LIMITS.stageAttempts.cleanup) mayFail(step);
      // Between begin and the move something may come in between, and its worker may not have heard of it.
      if (step === 'switch') await SimulatedProcess.current()?.sleep(random.between(0, 1_500));
      return await work(context);
    };
  const source: Stage = async ({ deployment, platform, attempt, signal }) => {
    const { commit, appId } = deployment;
    if (commit === null) throw new Error('no commit');
    await SimulatedProcess.current()?.sleep(random.between(5, 400), signal);
    signal.throwIfAborted();
    const key = `src-${appId.slice(4).toLowerCase()}-${commit.sha}`;
    const kept =
      (await platform.find(key)) ?? (await platform.importTree({ attempt, directory: commit.sha, publish: key }));
    return { kind: 'succeeded', artifacts: { source: kept }, placement: kept.placement };
  };
  const environment: Stage = async ({ deployment, signal }) => {
    await SimulatedProcess.current()?.sleep(random.between(5, 100), signal);
    signal.throwIfAborted();
    return { kind: 'succeeded', plan: planOf(deployment) };
  };
  const stages = { ...STAGE_WORK, source, environment };
  for (const step of STEPS) stages[step] = around(step, stages[step]);
  return stages;
}

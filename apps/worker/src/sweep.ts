import { type Clock, DeploymentId, isFinal, LIMITS, type ProcessId } from '@switchyard/domain';
import type { WorkerPlatform } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import type { Log, LogArchive, OutputArchive } from '@switchyard/service';
import type { DiskKeeper } from './disk-keeper.ts';
import type { WorkerMetrics } from './metrics.ts';
import { startRounds } from './rounds.ts';
import { sweepUnpacked, sweepUploads, type UploadSweepOptions } from './upload-sweep.ts';

export interface SweepOptions extends UploadSweepOptions {
  readonly store: Pick<Store, 'chain' | 'deployments' | 'apps' | 'uploads'>;
  readonly disk: Pick<DiskKeeper, 'sweep'>;
  readonly platform: Pick<WorkerPlatform, 'listWorkspaces' | 'discardAttempts'>;
  readonly archive: LogArchive;
  readonly outputArchive: Pick<OutputArchive, 'remove'>;
  readonly processId: ProcessId;
  readonly clock: Clock;
  readonly metrics: WorkerMetrics;
  readonly log: Log;
  /** Whether uploads are looked at too, which is done less often. */
  readonly withUploads: () => boolean;
}

/** Puts right what a death has left: in the records (one worker at a time), and on this host's disk. */
export async function sweepOnce(options: SweepOptions): Promise<void> {
  const withUploads = options.withUploads();
  const isLeader = await sweepRecords(options);
  await sweepWorkspaces(options);
  await options.disk.sweep();
  if (!withUploads) return;
  if (isLeader) await sweepUploads(options);
  await sweepUnpacked(options);
}

/** Answers whether this worker is the one that does it. */
async function sweepRecords({
  store,
  processId,
  archive,
  outputArchive,
  metrics,
  log,
}: SweepOptions): Promise<boolean> {
  const report = await store.chain.sweep(processId);
  if (report === null) return false;
  metrics.swept(report);
  for (const id of report.purged) await archive.remove(id);
  for (const id of report.purgedEnvironments) await outputArchive.remove(id);
  const past = await store.deployments.pastRetention();
  for (const id of past) {
    // The logs first: should this end in between, the record brings it here again.
    await archive.remove(id);
    await store.deployments.forget(id);
  }
  metrics.deploymentsForgotten(past.length);
  if (past.length > 0) log.info({ deployments: past }, 'forgot deployments that are past retention');
  const { handedOn, takenOver, rewoken, purged } = report;
  if (handedOn + takenOver + rewoken + purged.length > 0) log.info({ report }, 'swept');
  return true;
}

/**
 * Workspaces of deployments that are over or that no record names. Few at a time: should the records be the ones that are wrong, the
 * damage stays small. A young one is left alone: its attempt may be about to finish.
 */
async function sweepWorkspaces({ store, platform, clock, metrics, log }: SweepOptions): Promise<void> {
  let removed = 0;
  for (const { deploymentId, createdAt } of await platform.listWorkspaces()) {
    if (removed >= LIMITS.maxSweepRemovals) break;
    const id = DeploymentId.safeParse(deploymentId);
    if (!id.success || clock() - createdAt < LIMITS.leaseMs) continue;
    const deployment = await store.deployments.get(id.data);
    if (deployment !== null && !isFinal(deployment.status)) continue;
    await platform.discardAttempts(deploymentId, Number.POSITIVE_INFINITY);
    removed += 1;
    log.info({ deploymentId }, 'removed a workspace that nothing needs');
  }
  metrics.workspacesRemoved(removed);
}

/** Sweeps again and again, one after the other; stop waits for the one under way. */
export function startSweeping(options: SweepOptions): { stop(): Promise<void> } {
  return startRounds(
    LIMITS.sweepMs,
    () => sweepOnce(options),
    (error) => options.log.warn({ err: error }, 'the sweep failed; it is tried again'),
  );
}

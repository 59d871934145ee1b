import { KEPT_KINDS, type KeptKind, OUTCOMES, STAGES, type StageName, Trigger } from '@switchyard/domain';
import type { SweepReport } from '@switchyard/queue';
import { tellRedisUp } from '@switchyard/service';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const STAGE_RESULTS = ['succeeded', 'failed', 'skipped', 'cancelled', 'timed_out', 'lost'] as const;
export type StageResult = (typeof STAGE_RESULTS)[number];

const STAGE_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800];
const DEPLOYMENT_SECONDS = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

/** The worker's figures; docs/metrics.md says what they mean. */
export interface WorkerMetrics {
  stageEnded(ended: { stage: StageName; result: StageResult; seconds: number }): void;
  cacheAnswered(stage: StageName, result: 'hit' | 'miss'): void;
  retried(stage: StageName, cause: string): void;
  deploymentEnded(ended: { result: (typeof OUTCOMES)[number]; trigger: Trigger; seconds: number }): void;
  swept(report: SweepReport): void;
  workspacesRemoved(count: number): void;
  deploymentsForgotten(count: number): void;
  diskKept(bytes: Readonly<Record<KeptKind, number>>): void;
  diskReclaimed(kind: KeptKind, bytes: number): void;
}

export function workerMetrics(
  registry: Registry,
  read: { active: () => number; isRedisUp: () => Promise<boolean> },
): WorkerMetrics {
  const registers = [registry];
  const deployments = new Counter({
    name: 'switchyard_deployments_total',
    help: 'Deployments that reached a final state.',
    labelNames: ['result', 'trigger'],
    registers,
  });
  const deploymentDuration = new Histogram({
    name: 'switchyard_deployment_duration_seconds',
    help: 'From accepted to the final state.',
    labelNames: ['result'],
    buckets: DEPLOYMENT_SECONDS,
    registers,
  });
  const stageDuration = new Histogram({
    name: 'switchyard_stage_duration_seconds',
    help: 'Run time of one attempt of a stage, without waiting.',
    labelNames: ['stage', 'result'],
    buckets: STAGE_SECONDS,
    registers,
  });
  const stageResults = new Counter({
    name: 'switchyard_stage_results_total',
    help: 'Ended attempts.',
    labelNames: ['stage', 'result'],
    registers,
  });
  const cache = new Counter({
    name: 'switchyard_stage_cache_total',
    help: 'Look-ups in the cache.',
    labelNames: ['stage', 'result'],
    registers,
  });
  const retries = new Counter({
    name: 'switchyard_stage_retries_total',
    help: 'Attempts that follow a failed one.',
    labelNames: ['stage', 'cause'],
    registers,
  });
  const sweeps = new Counter({
    name: 'switchyard_sweep_actions_total',
    help: 'What the sweep had to put right.',
    labelNames: ['action'],
    registers,
  });
  const diskKept = new Gauge({
    name: 'switchyard_disk_kept_bytes',
    help: 'What the data directory keeps and can do without.',
    labelNames: ['kind'],
    registers,
  });
  const diskReclaimed = new Counter({
    name: 'switchyard_disk_reclaimed_bytes_total',
    help: 'Evicted from the data directory.',
    labelNames: ['kind'],
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: 'switchyard_worker_active_stages',
      help: 'Stages that run in this worker now.',
      registers: [],
      collect() {
        this.set(read.active());
      },
    }),
  );
  tellRedisUp(registry, () => read.isRedisUp());

  // At 0 from the start: otherwise the first failure would not show as an increase.
  for (const result of OUTCOMES) for (const trigger of Trigger.options) deployments.inc({ result, trigger }, 0);
  for (const stage of STAGES) {
    for (const result of STAGE_RESULTS) stageResults.inc({ stage, result }, 0);
    for (const result of ['hit', 'miss']) cache.inc({ stage, result }, 0);
  }

  for (const kind of KEPT_KINDS) diskReclaimed.inc({ kind }, 0);

  const sweep = (action: string, count: number): void => {
    if (count > 0) sweeps.inc({ action }, count);
  };
  return {
    stageEnded({ stage, result, seconds }) {
      stageResults.inc({ stage, result });
      stageDuration.observe({ stage, result }, seconds);
    },
    cacheAnswered(stage, result) {
      cache.inc({ stage, result });
    },
    retried(stage, cause) {
      retries.inc({ stage, cause });
    },
    deploymentEnded({ result, trigger, seconds }) {
      deployments.inc({ result, trigger });
      deploymentDuration.observe({ result }, seconds);
    },
    swept({ handedOn, takenOver, rewoken, purged }) {
      sweep('handed-on', handedOn);
      sweep('taken-over', takenOver);
      sweep('rewoken', rewoken);
      sweep('deployment-purged', purged.length);
    },
    deploymentsForgotten(count) {
      sweep('deployment-forgotten', count);
    },
    diskKept(bytes) {
      for (const kind of KEPT_KINDS) diskKept.set({ kind }, bytes[kind]);
    },
    diskReclaimed(kind, bytes) {
      diskReclaimed.inc({ kind }, bytes);
    },
    workspacesRemoved(count) {
      sweep('workspace-removed', count);
    },
  };
}

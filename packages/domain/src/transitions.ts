import { z } from 'zod';

/**
 * The life of a deployment and of a stage, each as one table. The Lua scripts in `packages/queue` are given these tables
 * and refuse what they do not list; the drawing in ARCHITECTURE.md is made from them.
 */

export const DEPLOYMENT_STATUSES = [
  'queued',
  'running',
  'cancelling',
  'succeeded',
  'failed',
  'cancelled',
  'superseded',
  'timed_out',
] as const;
export const DeploymentStatus = z.enum(DEPLOYMENT_STATUSES);
export type DeploymentStatus = z.infer<typeof DeploymentStatus>;

/** How a deployment ends. Known as `outcome` before cleanup is through, and as `status` from then on. */
export const OUTCOMES = ['succeeded', 'failed', 'cancelled', 'superseded', 'timed_out'] as const;
export const Outcome = z.enum(OUTCOMES);
export type Outcome = z.infer<typeof Outcome>;

export const DEPLOYMENT_TRANSITIONS: Readonly<Record<DeploymentStatus, readonly DeploymentStatus[]>> = {
  queued: ['running', 'cancelled', 'superseded', 'failed', 'timed_out'],
  running: ['cancelling', 'succeeded', 'failed', 'superseded', 'timed_out'],
  cancelling: ['cancelled', 'failed', 'timed_out'],
  succeeded: [],
  failed: [],
  cancelled: [],
  superseded: [],
  timed_out: [],
};

export const STAGE_STATUSES = [
  'pending',
  'waiting',
  'running',
  'succeeded',
  'skipped',
  'failed',
  'cancelled',
  'timed_out',
] as const;
export const StageStatus = z.enum(STAGE_STATUSES);
export type StageStatus = z.infer<typeof StageStatus>;

/**
 * `waiting` is between admission and begin, and between a failed attempt and the next. A lost worker leads from `running` back to
 * `waiting` too.
 */
export const STAGE_TRANSITIONS: Readonly<Record<StageStatus, readonly StageStatus[]>> = {
  pending: ['waiting', 'running', 'skipped', 'cancelled'],
  waiting: ['running', 'skipped', 'failed', 'cancelled'],
  running: ['waiting', 'succeeded', 'skipped', 'failed', 'cancelled', 'timed_out'],
  succeeded: [],
  skipped: [],
  failed: [],
  cancelled: [],
  timed_out: [],
};

export function isFinal(status: DeploymentStatus): status is Outcome {
  return DEPLOYMENT_TRANSITIONS[status].length === 0;
}

export function isStageFinal(status: StageStatus): boolean {
  return STAGE_TRANSITIONS[status].length === 0;
}

export function mayMove(from: DeploymentStatus, to: DeploymentStatus): boolean {
  return DEPLOYMENT_TRANSITIONS[from].includes(to);
}

export function mayStageMove(from: StageStatus, to: StageStatus): boolean {
  return STAGE_TRANSITIONS[from].includes(to);
}

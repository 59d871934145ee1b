import type { DeploymentSummary } from '@switchyard/client';
import type { DeploymentStatus, StageStatus, Trigger } from '@switchyard/domain';

export const STATUS_WORDS: Readonly<Record<DeploymentStatus, string>> = {
  queued: 'Queued',
  running: 'Running',
  cancelling: 'Cancelling',
  succeeded: 'Succeeded',
  failed: 'Failed',
  cancelled: 'Cancelled',
  superseded: 'Superseded',
  timed_out: 'Timed out',
};

export const STAGE_WORDS: Readonly<Record<StageStatus, string>> = {
  pending: 'not reached',
  waiting: 'waiting',
  running: 'running',
  succeeded: 'done',
  skipped: 'skipped',
  failed: 'failed',
  cancelled: 'cancelled',
  timed_out: 'timed out',
};

export const TRIGGER_WORDS: Readonly<Record<Trigger, string>> = {
  api: 'by the api',
  cli: 'from the command line',
  page: 'from this page',
  webhook: 'by a push',
  poll: 'by a push that no webhook told of',
  rollback: 'as a rollback',
  restart: 'as a restart',
  start: 'as a start after a stop',
  example: 'by the first start',
};

export const WAITING_WORDS: Readonly<Record<NonNullable<DeploymentSummary['waiting']>, string>> = {
  slot: 'Waits for a free slot',
  gate: 'Waits for the deployment before it',
  hold: 'Held until somebody releases it',
  retry: 'Tries again soon',
  result: 'Waits for the same work of another deployment',
  database: 'Waits for another migration of the same database',
};

/** `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function age(atMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - atMs) / 1_000));
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

export function shortSha(sha: string): string {
  return sha.slice(0, 7);
}

/** A repository's address as people read it: no scheme, no `.git`, no credentials. */
export function repositoryWords(repository: string): string {
  return repository
    .replace(/^[a-z+]+:\/\/(?:[^@/]*@)?/, '')
    .replace(/\.git$/, '')
    .replace(/^\/.*\/([^/]+)$/, '$1');
}

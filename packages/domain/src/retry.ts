import type { Reuse } from './records.ts';
import { STAGES, type StageName } from './stages.ts';

/** Whether a retry that was asked to begin at `from` (null: wherever it makes a difference) does `stage` anew, whatever its inputs are. */
export function isDoneAnew(stage: StageName, from: StageName | null): boolean {
  return from !== null && STAGES.indexOf(stage) >= STAGES.indexOf(from);
}

/** What a retry may take from the cache. Of what it takes, each stage still asks whether its inputs are the same. */
export function reuseOfRetry(from: StageName | null): Reuse {
  if (isDoneAnew('install', from)) return 'none';
  return isDoneAnew('build', from) ? 'dependencies' : 'all';
}

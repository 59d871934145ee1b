import { z } from 'zod';

/** The nine stages in their order. A deployment walks them from left to right and never back. */
export const STAGES = [
  'source',
  'environment',
  'install',
  'build',
  'migrate',
  'package',
  'health',
  'switch',
  'cleanup',
] as const;

export const StageName = z.enum(STAGES);
export type StageName = z.infer<typeof StageName>;

/**
 * What a job may ask a worker to do: one of the nine stages, or `pin`, which comes before them: it resolves the wanted ref to a
 * commit as soon as the deployment is accepted, so that a later push does not change what an earlier deployment deploys.
 */
export const STEPS = ['pin', ...STAGES] as const;
export const StepName = z.enum(STEPS);
export type StepName = z.infer<typeof StepName>;

export type Pool = 'light' | 'heavy';

interface StageTraits {
  /** Which queue the stage goes to where nothing binds it to a host. */
  readonly pool: Pool;
  /** Whether the environment's gate must be held while it runs. */
  readonly gated: boolean;
  /** A word for people. */
  readonly title: string;
}

export const STAGE_TRAITS: Readonly<Record<StageName, StageTraits>> = {
  source: { pool: 'light', gated: false, title: 'Fetch source' },
  environment: { pool: 'light', gated: false, title: 'Prepare environment' },
  install: { pool: 'heavy', gated: false, title: 'Install dependencies' },
  build: { pool: 'heavy', gated: false, title: 'Build' },
  migrate: { pool: 'light', gated: true, title: 'Migrate' },
  package: { pool: 'light', gated: true, title: 'Package release' },
  health: { pool: 'light', gated: true, title: 'Check health' },
  switch: { pool: 'light', gated: true, title: 'Switch traffic' },
  cleanup: { pool: 'light', gated: false, title: 'Clean up' },
};

/** The step after `step` where everything goes well, or null after the last. */
export function nextStep(step: StepName): StageName | null {
  return STAGES[STEPS.indexOf(step)] ?? null;
}

/** -1 for `pin`, 0 for `source` … 8 for `cleanup`. */
export function stepIndex(step: StepName): number {
  return STEPS.indexOf(step) - 1;
}

/** The stage under which a step is shown to people: a failed `pin` is a failed `source`. */
export function stageOf(step: StepName): StageName {
  return step === 'pin' ? 'source' : step;
}

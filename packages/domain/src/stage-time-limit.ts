import { LIMITS } from './limits.ts';
import type { Plan } from './plan.ts';
import { type StepName, stageOf } from './stages.ts';

/** How long a step may take: as the plan says, else as long as its stage may at most. */
export function stageTimeLimitMs(step: StepName, plan: Pick<Plan, 'timeLimitsMs'> | null): number {
  const stage = stageOf(step);
  const own: Readonly<Partial<Record<string, number | undefined>>> = plan?.timeLimitsMs ?? {};
  return Math.min(own[stage] ?? Number.POSITIVE_INFINITY, LIMITS.stageTimeLimitMs[stage]);
}

import { decideLimits, LIMITS, type Plan, type ResourceLimits } from '@switchyard/domain';
import type { StageContext } from './stage.ts';

/** What a command (`build`) or an instance (`run`) may use. A wish that the operator does not grant is said in the log. */
export function limitsOf(
  { maxima, log }: Pick<StageContext, 'maxima' | 'log'>,
  plan: Pick<Plan, 'limits'>,
  kind: 'build' | 'run',
): ResourceLimits {
  const fallback = kind === 'build' ? LIMITS.buildResources : LIMITS.runResources;
  const { limits, cut } = decideLimits(plan.limits?.[kind], fallback, maxima);
  for (const line of cut) log.say(`limits.${kind}: ${line}.`);
  return limits;
}

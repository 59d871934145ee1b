import type { Deployment, Route } from './records.ts';
import { isFinal } from './transitions.ts';

/** What speaks against forgetting an old deployment, as of one moment. */
export interface RetentionFacts {
  /** Deployments whose release is kept. */
  readonly released: ReadonlySet<Deployment['id']>;
  readonly routes: readonly Pick<Route, 'weights'>[];
  /** Deployments that have instances, wanted or seen. */
  readonly running: ReadonlySet<Deployment['id']>;
  readonly now: number;
  readonly ageMs: number;
}

/**
 * Whether the record and the logs of a deployment that is not among its app's newest may go: it is over since `ageMs`, and nothing that is
 * live, runs or is kept stems from it.
 */
export function mayForget(
  { id, status, endedAt }: Pick<Deployment, 'id' | 'status' | 'endedAt'>,
  { released, routes, running, now, ageMs }: RetentionFacts,
): boolean {
  if (!isFinal(status) || endedAt === null || now - endedAt < ageMs) return false;
  const isLive = routes.some(({ weights }) => weights.some(({ deploymentId }) => deploymentId === id));
  return !isLive && !released.has(id) && !running.has(id);
}

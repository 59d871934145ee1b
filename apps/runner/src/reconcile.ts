import { type DesiredInstance, type InstanceId, LIMITS, type OneOff, type OneOffId } from '@switchyard/domain';
import type { FoundProcess } from '@switchyard/platform';

export interface ReconcileFacts {
  readonly epoch: number;
  /** Redis has gone back in time: what it does not know may have been wanted since. Then nothing is let go or removed. */
  readonly isBehind: boolean;
  readonly desired: readonly Pick<DesiredInstance, 'id'>[];
  readonly oneOffs: readonly Pick<OneOff, 'id' | 'state'>[];
  readonly found: readonly Pick<FoundProcess, 'id' | 'epoch' | 'state'>[];
  /** Ids that somebody looks after already. */
  readonly kept: ReadonlySet<InstanceId | OneOffId>;
}

export interface ReconcileActions {
  /** Wanted and not looked after yet: start, or adopt what is found. */
  readonly keepInstances: readonly InstanceId[];
  readonly keepOneOffs: readonly OneOffId[];
  /** Looked after and not wanted any more. */
  readonly letGo: readonly (InstanceId | OneOffId)[];
  /** Found, and of this epoch, but nobody wants it: stop and remove. Few at a time, should the records be the ones that are wrong. */
  readonly orphans: readonly (InstanceId | OneOffId)[];
  /** Found, but from before Redis was lost: reported, never destroyed. */
  readonly strangers: readonly (InstanceId | OneOffId)[];
}

const OVER = new Set<OneOff['state']>(['exited', 'unknown', 'cancelled']);

/** What a runner has to do so that what is observed becomes what is desired. */
export function reconcile({ epoch, isBehind, desired, oneOffs, found, kept }: ReconcileFacts): ReconcileActions {
  const wanted = new Set<InstanceId | OneOffId>([...desired.map(({ id }) => id), ...oneOffs.map(({ id }) => id)]);
  const unwanted = found.filter(({ id }) => !wanted.has(id) && !kept.has(id));
  return {
    keepInstances: desired.map(({ id }) => id).filter((id) => !kept.has(id)),
    keepOneOffs: oneOffs.filter(({ id, state }) => !OVER.has(state) && !kept.has(id)).map(({ id }) => id),
    letGo: isBehind ? [] : [...kept].filter((id) => !wanted.has(id)),
    orphans: isBehind
      ? []
      : unwanted
          .filter((one) => one.epoch === epoch)
          .slice(0, LIMITS.maxSweepRemovals)
          .map(({ id }) => id),
    strangers: unwanted.filter((one) => one.epoch !== epoch).map(({ id }) => id),
  };
}

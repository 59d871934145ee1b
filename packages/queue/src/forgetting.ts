import type { DeploymentId } from '@switchyard/domain';
import type { StoreContext } from './context.ts';

type Multi = ReturnType<StoreContext['redis']['multi']>;

/** Everything that is kept of one deployment but its place among its app's. */
export function forgetting({ keys }: Pick<StoreContext, 'keys'>, doomed: Multi, id: DeploymentId): Multi {
  return doomed
    .del(
      keys.deployment(id),
      keys.events(id),
      keys.logs(id),
      keys.instancesOf(id),
      keys.oneOffOf(id),
      keys.observedOf(id),
    )
    .zrem(keys.recentDeployments, id);
}

import { type InstanceId, LIMITS } from '@switchyard/domain';
import { insist, waitUntil } from '../waiting.ts';
import type { StageContext } from './stage.ts';
import { assertStillOurs } from './still-ours.ts';

/** What a runner may need on top of the grace it gives an instance. */
const RUNNER_SLACK_MS = 5_000;

/** Waits until the runners report none of these instances any more; answers whether they did in time. */
export async function waitUntilGone(
  { records, deployment, clock, leave }: StageContext,
  ids: readonly InstanceId[],
  options: { within: number; ofDeployments?: readonly (typeof deployment.id)[] },
): Promise<boolean> {
  const owners = options.ofDeployments ?? [deployment.id];
  const gone = await waitUntil(
    async () => {
      const observed = (await Promise.all(owners.map((owner) => records.instances.observed(owner)))).flat();
      return observed.some(({ id, state }) => ids.includes(id) && state !== 'gone') ? null : true;
    },
    {
      onHint: (listener) => records.instances.onObserved(() => listener()),
      until: clock() + options.within,
      signal: leave,
      clock,
    },
  );
  return gone === true;
}

/** Takes instances away and waits for their end, so that nothing of a deployment runs on when it is over. Throws `lost`, and does nothing, when they are another worker's by now. */
export async function endInstances(context: StageContext, ids: readonly InstanceId[]): Promise<void> {
  if (ids.length === 0) return;
  await assertStillOurs(context);
  await insist(context.leave, () => context.records.instances.withdraw(ids));
  if (!(await waitUntilGone(context, ids, { within: LIMITS.instanceGraceMs + RUNNER_SLACK_MS })))
    context.log.say('The runner has not stopped the new instances yet; it will when it is back.');
}

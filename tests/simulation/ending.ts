import type { DeploymentEvent, DeploymentId } from '@switchyard/domain';
import type { Run } from './run.ts';

/** Keys that a farm has in which nothing is under way. All others are something that was not given back. */
const QUIET = [
  /^(farm|limits|team-names|team-tokens|database-turn|app-names|deps-recent|accepted|turn|table-version|routes|endpoints|desired|observed|sweep-leader)$/,
  /^(team|apps-of-team|deps-recent-of|app|envs-of|env|dep|deps-of|events|logs|release|releases-of|delivery|deliveries-of):/,
  /^(instances-of|instances-of-env|desired-of|observed-of|observed-of-dep):/,
  /^(processes|process|acknowledged|in-flight):/,
];

/** After some time in which nothing went wrong. */
export async function checkTheEnd(run: Run, isOver: boolean): Promise<void> {
  const { rules, farm } = run;
  if (!isOver) {
    const left = [...rules.all.values()].filter(({ id }) => !rules.ended.has(id));
    const shown = left.map(({ id, step, status, waiting, lease }) => `${id} ${status} at ${step} ${waiting} ${lease}`);
    return run.violated(`not everything has ended: ${shown.join('; ')}`);
  }
  const before = new Map(rules.all);
  const now = await farm.audit(new Set(), []);
  for (const [id, one] of now.deployments) {
    const was = before.get(id);
    if (was?.status !== one.status || was.outcome !== one.outcome) run.violated(`${id} went on after its end`);
  }
  const keys = await farm.keys();
  const left = keys.filter((key) => !QUIET.some((pattern) => pattern.test(key)));
  if (left.length > 0) run.violated(`left behind in Redis: ${left.join(', ')}`);
  for (const id of rules.all.keys()) {
    const { events } = await farm.store.events.read(id, 0);
    checkEvents(run, id, events);
  }
  await checkInstances(run);
}

function checkEvents(run: Run, id: DeploymentId, events: readonly DeploymentEvent[]): void {
  const ids = new Set([...events.map((event) => event.id), ...run.world.archived(id)]);
  for (let next = 1; next <= Math.max(...ids); next += 1)
    if (!ids.has(next)) run.violated(`the events of ${id} have a gap at ${next}`);
  const states = events.filter(({ type }) => type !== 'log');
  if (states.filter(({ type }) => type === 'deployment.ended').length !== 1) run.violated(`${id} has not ended once`);
  if (states.at(-1)?.type !== 'deployment.ended') run.violated(`${id} has events after its end`);
  if (states.filter(({ type }) => type === 'deployment.decided').length !== 1)
    run.violated(`${id} was not decided once`);
  if (states.filter(({ type }) => type === 'deployment.live').length > 1) run.violated(`${id} went live twice`);
  const done = new Set<string>();
  for (const event of states) {
    if (event.type !== 'stage.succeeded') continue;
    if (done.has(event.data.stage)) run.violated(`${event.data.stage} of ${id} has succeeded twice`);
    done.add(event.data.stage);
  }
}

/** What runs is what is live. */
async function checkInstances(run: Run): Promise<void> {
  for (const { id, route } of run.rules.last.environments) {
    const live = route?.stopped === undefined ? route?.weights[0]?.deploymentId : undefined;
    const desired = await run.farm.store.instances.ofEnvironment(id);
    for (const { id: instance, deploymentId } of desired)
      if (deploymentId !== live)
        run.violated(`${instance} of ${deploymentId} is desired in ${id}, where ${live} is live`);
    if (live !== undefined && desired.length === 0) run.violated(`${live} is live in ${id} and has no instance`);
  }
}

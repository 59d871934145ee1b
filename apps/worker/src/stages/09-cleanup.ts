import { type Deployment, isFinal, LIMITS, type Release, type Route, retentionOf } from '@switchyard/domain';
import { releasesToPrune, snapshotKeys } from '../retention.ts';
import { recentCacheKeys } from '../stage-cache.ts';
import { endInstances, waitUntilGone } from './instances-end.ts';
import type { Stage, StageContext } from './stage.ts';
import { assertStillOurs } from './still-ours.ts';

type Live = Pick<Route, 'weights'> | null;

const isLive = (route: Live, id: Deployment['id']): boolean =>
  route?.weights.some(({ deploymentId }) => deploymentId === id) === true;

/**
 * Instances that the new ones have replaced. Those of a newer deployment are not among them while it may go live; once it has been live it
 * is replaced like any other, as a restart is by a deployment that was under way. The route is read last: what was live before and is not in
 * it has been replaced.
 */
async function replacedInstances({ records, deployment }: StageContext) {
  const all = await records.instances.ofEnvironment(deployment.environmentId);
  const owners = new Map([[deployment.id, deployment as Deployment | null]]);
  for (const { deploymentId } of all)
    if (!owners.has(deploymentId)) owners.set(deploymentId, await records.deployments.get(deploymentId));
  const route = await records.routing.route(deployment.environmentId);
  const mayGoLive = (owner: Deployment): boolean => owner.number > deployment.number && owner.liveAt === null;
  return all.filter(({ deploymentId }) => {
    const owner = owners.get(deploymentId) ?? null;
    return !isLive(route, deploymentId) && (owner === null || !mayGoLive(owner));
  });
}

async function drainReplaced(context: StageContext): Promise<void> {
  const { records, clock, log } = context;
  const replaced = await replacedInstances(context);
  if (replaced.length === 0) return;
  const ids = replaced.map(({ id }) => id);
  await assertStillOurs(context);
  await records.instances.drain(ids, clock() + LIMITS.drainTimeoutMs);
  const ofDeployments = [...new Set(replaced.map(({ deploymentId }) => deploymentId))];
  if (await waitUntilGone(context, ids, { within: LIMITS.cleanupDrainWatchMs, ofDeployments })) {
    await assertStillOurs(context);
    await records.instances.withdraw(ids);
    log.say(ids.length === 1 ? 'The replaced instance has ended.' : `${ids.length} replaced instances have ended.`);
  } else {
    log.say(
      `Replaced instances still answer requests; the runner stops them when they are done, within ${LIMITS.drainTimeoutMs / 1_000} s.`,
    );
  }
}

/** The number may have been changed while these instances were on their way up. */
async function scale({ records, deployment, log }: StageContext): Promise<void> {
  const { added, taken } = await records.instances.scale(deployment.environmentId);
  if (added > 0) log.say(`${added} more started: the app’s settings ask for them by now.`);
  if (taken > 0) log.say(`${taken} taken away: the app’s settings ask for fewer by now.`);
}

async function endOwnInstances(context: StageContext, route: Live): Promise<void> {
  const { records, deployment } = context;
  if (isLive(route, deployment.id)) return;
  await endInstances(
    context,
    (await records.instances.ofDeployment(deployment.id)).map(({ id }) => id),
  );
}

async function removeOneOff({ records, deployment }: StageContext): Promise<void> {
  const oneOff = await records.oneOffs.ofDeployment(deployment.id);
  if (oneOff !== null && oneOff.state !== 'running') await records.oneOffs.remove(oneOff.id);
}

/** Forgets releases past their retention, and their trees where nothing else is made of them. */
async function prune(context: StageContext, route: Live): Promise<void> {
  const { records, deployment, platform, blobs, log } = context;
  const [settings, releases, recent] = await Promise.all([
    records.settings.get(deployment.appId),
    records.releases.list(deployment.environmentId),
    records.deployments.listOfApp(deployment.appId, { before: null, limit: LIMITS.maxListPage }),
  ]);
  // This deployment's own release counts as in use although it may never have been live: what it is made of spares the next deployment of
  // the same commit the work. That one's cleanup removes it.
  const unfinished = recent.filter(({ status }) => !isFinal(status));
  const past = releasesToPrune({
    releases,
    inRoute: new Set(route?.weights.map(({ releaseId }) => releaseId)),
    inUse: new Set(unfinished.flatMap(({ artifacts }) => artifacts.releaseId ?? [])),
    unfinished: new Set(unfinished.map(({ id }) => id)),
    kept: retentionOf(settings?.values ?? {}).releases,
  });
  // The records first: a release without its tree could not be started. One that was pinned meanwhile stays.
  const pruned: Release[] = [];
  for (const release of past) if (await records.releases.remove(release.id)) pruned.push(release);
  if (pruned.length === 0) return;

  const treesOf = async (release: Release): Promise<string[]> => {
    const owner = await records.deployments.get(release.deploymentId);
    return [release.snapshot.key, ...(owner === null ? [] : snapshotKeys(owner.artifacts))];
  };
  const kept = releases.filter((release) => !pruned.includes(release));
  const instances = await records.instances.ofEnvironment(deployment.environmentId);
  const inUse = new Set([
    ...(await Promise.all(kept.map(treesOf))).flat(),
    ...unfinished.flatMap(({ artifacts }) => snapshotKeys(artifacts)),
    ...instances.map(({ snapshot }) => snapshot.key),
    ...(await recentCacheKeys(blobs, deployment.appId)),
  ]);
  const goes = new Set((await Promise.all(pruned.map(treesOf))).flat().filter((key) => !inUse.has(key)));
  for (const key of goes) await platform.removeSnapshot(key);
  log.say(`${pruned.length} ${pruned.length === 1 ? 'release' : 'releases'} past retention removed.`);
}

/** Puts away what a deployment leaves behind, whichever way it ended. What fails here is reported and changes nothing else. */
export const cleanup: Stage = async (context) => {
  const { deployment, records, platform } = context;
  const route = await records.routing.route(deployment.environmentId);
  if (deployment.outcome === 'succeeded') await drainReplaced(context);
  else await endOwnInstances(context, route);
  if (deployment.outcome === 'succeeded') await scale(context);
  await removeOneOff(context);
  await platform.discardAttempts(deployment.id, Number.POSITIVE_INFINITY);
  await prune(context, route);
  return { kind: 'succeeded' };
};

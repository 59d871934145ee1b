import type { Artifacts, DeploymentId, Release, ReleaseId } from '@switchyard/domain';

/**
 * Releases of an environment that may go: those past the newest `kept` that were live, and those that never were and whose deployment
 * is over. Never one that is pinned (nor does it count), in the route or that an unfinished deployment uses. `releases`: most recently live first.
 */
export function releasesToPrune(question: {
  releases: readonly Release[];
  inRoute: ReadonlySet<ReleaseId>;
  inUse: ReadonlySet<ReleaseId>;
  unfinished: ReadonlySet<DeploymentId>;
  kept: number;
}): Release[] {
  const { releases, inRoute, inUse, unfinished, kept } = question;
  const wereLive = releases.filter(({ liveAt, pinned }) => liveAt !== null && pinned !== true).slice(0, kept);
  return releases.filter(
    (release) =>
      release.pinned !== true &&
      !wereLive.includes(release) &&
      !inRoute.has(release.id) &&
      !inUse.has(release.id) &&
      !unfinished.has(release.deploymentId),
  );
}

/** Names of the snapshots that something is made of. */
export function snapshotKeys(artifacts: Artifacts): string[] {
  return [artifacts.source, artifacts.dependencies, artifacts.build].flatMap((snapshot) => snapshot?.key ?? []);
}

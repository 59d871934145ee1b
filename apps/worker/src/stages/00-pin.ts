import { type Commit, LIMITS } from '@switchyard/domain';
import { keepUpload } from './source-tree.ts';
import { required, type Stage, type StageContext } from './stage.ts';

/** Resolves what is to be deployed to a commit, so that a later push does not change it. */
export const pin: Stage = async (context) => {
  const { deployment, sources, sourceCredential, signal, log } = context;
  if (deployment.upload !== null) {
    log.say(`Unpacking the upload ${deployment.upload}`);
    return { kind: 'succeeded', commit: await keepUpload(context, deployment.upload) };
  }
  if (deployment.retryOf !== null && deployment.commit !== null) {
    log.say(`Trying #${deployment.retryOf.number} again, with its commit ${deployment.commit.sha.slice(0, 7)}`);
    return { kind: 'succeeded', commit: deployment.commit };
  }
  const repository = required(deployment.repository, 'repository');
  const ref = deployment.ref ?? deployment.settings?.values.branch ?? null;
  log.say(`Looking for ${ref ?? 'the default branch'} of ${repository}`);
  const commit = await sources.pin({
    repository,
    credential: sourceCredential(),
    ref,
    signal,
    onOutput: (chunk) => log.output(chunk),
  });
  const stale = await staleness(context, repository, commit);
  return stale === null ? { kind: 'succeeded', commit } : { kind: 'superseded', note: stale };
};

/**
 * Why a push that a webhook told of late is not deployed: the branch has gone on from it, to a commit that the deployment before this one
 * deploys. A branch that was put back on an earlier commit is no such case, since its head is that commit.
 */
async function staleness({ deployment, records, sources }: StageContext, repository: string, { sha }: Commit) {
  const { appId, environmentId, number, trigger, pushed } = deployment;
  if (trigger !== 'webhook' || pushed === null || pushed === sha) return null;
  const earlier = await records.deployments.listOfApp(appId, { before: number, limit: LIMITS.maxListPage });
  const newest = earlier.find((other) => other.environmentId === environmentId);
  if (newest?.commit?.sha !== sha) return null;
  const stands = newest.outcome === null ? newest.cancelRequestedAt === null : newest.outcome === 'succeeded';
  if (!stands || !(await sources.isAncestor(repository, pushed, sha))) return null;
  return `Stale: ${pushed.slice(0, 7)} comes before ${sha.slice(0, 7)}, which #${newest.number} deploys.`;
}

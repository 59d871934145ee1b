import { posix } from 'node:path';
import { type Plan, type Release, SwitchyardError } from '@switchyard/domain';
import { snapshotKey } from '../cache-key.ts';
import { StageStop } from '../stage-stop.ts';
import { insist } from '../waiting.ts';
import { builtTree, planOf, type Stage, type StageContext } from './stage.ts';

/** Whether a build made what is to be served can only be seen now. */
async function checkStart(context: StageContext, plan: Plan): Promise<void> {
  if (plan.start.kind !== 'static') return;
  const directory = posix.join(plan.root, plan.start.directory);
  if (directory === '.' || (await context.platform.exists(builtTree(context), directory))) return;
  throw new SwitchyardError(
    'nothing-to-run',
    `The build made no directory ${directory}, which was to be served. Set \`static.directory\` in switchyard.json to the build’s output directory.`,
    { directory },
  );
}

/** Makes what can be started, and kept for a rollback. */
export const packageRelease: Stage = async (context) => {
  const { deployment, environment, app, platform, records, lease, attempt, log, signal, leave, clock } = context;
  const plan = planOf(context);
  const built = builtTree(context);
  await checkStart(context, plan);

  const key = snapshotKey('rel', {
    app: app.id,
    built: built.key,
    plan: JSON.stringify({ ...plan, reasons: [], warnings: [], requiredVariables: undefined }),
  });
  const kept = await platform.find(key);
  const snapshot =
    kept ??
    (await platform.makeRelease({
      attempt,
      build: built,
      plan,
      publish: key,
      labels: {
        'switchyard.app': app.name,
        'switchyard.deployment': deployment.id,
        ...(deployment.commit === null ? {} : { 'switchyard.commit': deployment.commit.sha }),
      },
      signal,
      onOutput: (chunk) => log.output(chunk),
    }));
  signal.throwIfAborted();

  const release: Release = {
    v: 1,
    id: context.ids('rel'),
    teamId: deployment.teamId,
    appId: app.id,
    environmentId: environment.id,
    deploymentId: deployment.id,
    number: deployment.number,
    commit: deployment.commit,
    snapshot,
    plan,
    createdAt: clock(),
    liveAt: null,
  };
  const holding = await insist(leave, () => records.releases.put(lease, release));
  if (holding === null) throw new StageStop('lost');
  // Where a built tree can be started as it is, there was nothing to make and nothing to reuse.
  const cache =
    snapshot.key === built.key
      ? {}
      : {
          cache: {
            result: kept === null ? ('miss' as const) : ('hit' as const),
            key,
            because: kept === null ? 'the built tree or the plan is new' : null,
          },
        };
  return { kind: 'succeeded', ...cache, artifacts: { releaseId: holding.id }, placement: holding.snapshot.placement };
};

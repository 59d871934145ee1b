import {
  type DesiredInstance,
  hostOf,
  type InstanceId,
  type ObservedInstance,
  type Release,
  SwitchyardError,
} from '@switchyard/domain';
import { type HealthVerdict, judgeHealth } from '../health-verdict.ts';
import { StageStop } from '../stage-stop.ts';
import { insist, waitUntil } from '../waiting.ts';
import { endInstances } from './instances-end.ts';
import { limitsOf } from './limits-of.ts';
import { runEnvironment } from './run-environment.ts';
import { required, type Stage, type StageContext, type StageOutcome } from './stage.ts';

/** A restart starts whatever is live when its turn comes; all others their own release. */
async function releaseOf({ records, deployment, leave }: StageContext): Promise<Release> {
  let id = deployment.artifacts.releaseId;
  if (deployment.trigger === 'restart') {
    const route = await insist(leave, () => records.routing.route(deployment.environmentId));
    const live = route?.weights.toSorted((a, b) => b.weight - a.weight)[0];
    if (live === undefined) throw new SwitchyardError('nothing-live', 'The app has no live release to start again.');
    id = live.releaseId;
  }
  const wanted = required(id, 'release');
  const release = await insist(leave, () => records.releases.get(wanted));
  if (release === null)
    throw new SwitchyardError('release-not-kept', 'The release is not kept any more. Deploy its commit again.');
  return release;
}

function wantedInstance(context: StageContext, release: Release): DesiredInstance {
  const { deployment, app, farm, ids, clock } = context;
  return {
    v: 1,
    id: ids('ins'),
    farmId: farm.id,
    epoch: farm.epoch,
    hostId: hostOf(release.snapshot.placement) ?? context.hostId,
    teamId: deployment.teamId,
    appId: app.id,
    appName: app.name,
    environmentId: deployment.environmentId,
    deploymentId: deployment.id,
    releaseId: release.id,
    snapshot: release.snapshot,
    start: release.plan.start,
    runtime: release.plan.runtime,
    root: release.plan.root,
    env: runEnvironment(context, release.commit),
    health: release.plan.health,
    limits: limitsOf(context, release.plan, 'run'),
    mode: 'run',
    drainUntil: null,
    createdAt: clock(),
  };
}

async function observedOf({ records, deployment }: StageContext, id: InstanceId): Promise<ObservedInstance | null> {
  const all = await records.instances.observed(deployment.id);
  return all.find((one) => one.id === id) ?? null;
}

/** Waits for a verdict on the instance. */
async function follow(context: StageContext, instance: DesiredInstance): Promise<StageOutcome> {
  const { records, signal, clock, log, deployment } = context;
  const { timeLimitMs } = instance.health;
  const since = instance.createdAt;
  const judge = async (now: number) => {
    const observed = await observedOf(context, instance.id);
    const verdict = judgeHealth({ observed, now, since, timeLimitMs });
    return verdict.verdict === 'wait' ? null : { verdict, observed };
  };
  const judged = await waitUntil(() => judge(clock()), {
    onHint: (listener) =>
      records.instances.onObserved(({ deploymentId }) => {
        if (deploymentId === deployment.id) listener();
      }),
    until: since + timeLimitMs,
    signal,
    clock,
  });
  const { verdict, observed } = judged ?? required(await insist(signal, () => judge(since + timeLimitMs)), 'verdict');
  if (verdict.verdict === 'healthy') {
    log.say(verdict.note);
    return { kind: 'succeeded', note: verdict.note };
  }
  showOutput(context, observed);
  log.say(verdict.note);
  return {
    kind: 'failed',
    note: verdict.note,
    exit: observed?.lastExit ?? null,
    command: instance.start.kind === 'command' ? instance.start.command : null,
    error: errorOf(verdict, observed),
    context: {
      timeLimitMs: instance.health.timeLimitMs,
      ...(observed === null
        ? {}
        : { health: observed.health, lastExit: observed.lastExit, restarts: observed.restarts }),
      ...(observed?.lastExit?.memory == null ? {} : { memory: observed.lastExit.memory }),
      ...(observed?.address == null ? {} : { port: observed.address.port }),
    },
  };
}

function errorOf(
  { failure, note }: Extract<HealthVerdict, { verdict: 'failed' }>,
  observed: ObservedInstance | null,
): SwitchyardError {
  // Without a runner nothing was tried: that says nothing about the app.
  if (observed === null) return new SwitchyardError('endpoints-not-ready', `${note} Start the runner.`);
  return new SwitchyardError('unhealthy', note, { failure });
}

function showOutput({ log }: StageContext, observed: ObservedInstance | null): void {
  if (observed === null || observed.outputTail.length === 0) return;
  log.say('The last lines of the new instance:');
  log.output(Buffer.from(`${observed.outputTail.join('\n')}\n`));
}

/** Starts the new instance beside the old one and waits until it answers well. Whatever goes wrong, nothing of it stays. */
export const health: Stage = async (context) => {
  const { records, lease, variables, leave, log, signal } = context;
  variables.check();
  const release = await releaseOf(context);
  const instances = await insist(leave, () => records.instances.desire(lease, [wantedInstance(context, release)]));
  if (instances === null) throw new StageStop('lost');
  context.faultPoint('desired');
  const ids = instances.map(({ id }) => id);
  const [instance] = instances;
  if (instance === undefined) throw new Error('no instance is desired');

  const { start } = instance;
  log.say(start.kind === 'command' ? `Starting: ${start.command}` : `Serving the files of ${start.directory}`);
  try {
    const outcome = await follow(context, instance);
    if (outcome.kind === 'succeeded') return { ...outcome, artifacts: { releaseId: release.id } };
    await endInstances(context, ids);
    return outcome;
  } catch (error) {
    if (!leave.aborted) {
      if (signal.aborted) showOutput(context, await observedOf(context, instance.id).catch(() => null));
      await endInstances(context, ids);
    }
    throw error;
  }
};

import {
  type DesiredInstance,
  hostOf,
  type InstanceId,
  type ObservedInstance,
  type Release,
  replicasOf,
  SwitchyardError,
} from '@switchyard/domain';
import { type HealthVerdict, judgeHealth } from '../health-verdict.ts';
import { StageStop } from '../stage-stop.ts';
import { insist, waitUntil } from '../waiting.ts';
import { endInstances } from './instances-end.ts';
import { limitsOf } from './limits-of.ts';
import { runEnvironment } from './run-environment.ts';
import { required, type Stage, type StageContext, type StageFailure, type StageOutcome } from './stage.ts';

/** A restart starts whatever is live when its turn comes; all others their own release. */
async function releaseOf({ records, deployment, leave }: StageContext): Promise<Release> {
  let id = deployment.artifacts.releaseId;
  if (deployment.trigger === 'restart' || deployment.trigger === 'start') {
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
    persist: release.plan.persist,
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

type Judged = {
  readonly verdict: HealthVerdict;
  readonly observed: ObservedInstance | null;
  readonly instance: DesiredInstance;
};

/** The verdict on all of them: the first that failed, else the one that took longest. Null while some are awaited. */
function overall(judged: readonly Judged[]): Judged | null {
  const failed = judged.find(({ verdict }) => verdict.verdict === 'failed');
  if (failed !== undefined) return failed;
  return judged.some(({ verdict }) => verdict.verdict === 'wait') ? null : (judged.at(-1) ?? null);
}

/** Waits for a verdict on the instances. */
async function follow(
  context: StageContext,
  instances: readonly DesiredInstance[],
  first: DesiredInstance,
): Promise<StageOutcome> {
  const { records, signal, clock, log, deployment } = context;
  const { timeLimitMs } = first.health;
  const since = first.createdAt;
  const well = new Set<InstanceId>();
  const judge = async (now: number): Promise<Judged | null> => {
    const all = await records.instances.observed(deployment.id);
    const judged = instances.map((instance) => {
      const observed = all.find(({ id }) => id === instance.id) ?? null;
      return { instance, observed, verdict: judgeHealth({ observed, now, since, timeLimitMs }) };
    });
    for (const { instance, verdict } of judged) {
      if (verdict.verdict !== 'healthy' || well.has(instance.id)) continue;
      well.add(instance.id);
      log.say(instances.length === 1 ? verdict.note : `${well.size} of ${instances.length}: ${verdict.note}`);
    }
    return overall(judged);
  };
  const found = await waitUntil(() => judge(clock()), {
    onHint: (listener) =>
      records.instances.onObserved(({ deploymentId }) => {
        if (deploymentId === deployment.id) listener();
      }),
    until: since + timeLimitMs,
    signal,
    clock,
  });
  const judged = found ?? required(await insist(signal, () => judge(since + timeLimitMs)), 'verdict');
  const { verdict } = judged;
  if (verdict.verdict === 'healthy')
    return {
      kind: 'succeeded',
      note: instances.length === 1 ? verdict.note : `All ${instances.length} instances are healthy. ${verdict.note}`,
    };
  if (verdict.verdict === 'wait') throw new Error('an instance was still awaited at the end of its time');
  return failureOf(context, judged, verdict);
}

function failureOf(
  context: StageContext,
  { observed, instance }: Judged,
  verdict: Extract<HealthVerdict, { verdict: 'failed' }>,
): StageFailure {
  showOutput(context, observed);
  context.log.say(verdict.note);
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

/** Starts the new instances beside the old ones and waits until all answer well. Whatever goes wrong, nothing of them stays. */
export const health: Stage = async (context) => {
  const { app, records, lease, variables, leave, log, signal } = context;
  variables.check();
  const release = await releaseOf(context);
  const settings = await insist(leave, () => records.settings.get(app.id));
  const wanted = Array.from({ length: replicasOf(settings?.values ?? {}) }, () => wantedInstance(context, release));
  const instances = await insist(leave, () => records.instances.desire(lease, wanted));
  if (instances === null) throw new StageStop('lost');
  context.faultPoint('desired');
  const ids = instances.map(({ id }) => id);
  const [first] = instances;
  if (first === undefined) throw new Error('no instance is desired');

  const { start } = first;
  const times = instances.length === 1 ? '' : ` ${instances.length} times`;
  log.say(
    start.kind === 'command' ? `Starting${times}: ${start.command}` : `Serving${times} the files of ${start.directory}`,
  );
  try {
    const outcome = await follow(context, instances, first);
    if (outcome.kind === 'succeeded') return { ...outcome, artifacts: { releaseId: release.id } };
    await endInstances(context, ids);
    return outcome;
  } catch (error) {
    if (!leave.aborted) {
      if (signal.aborted) showOutput(context, await observedOf(context, first.id).catch(() => null));
      await endInstances(context, ids);
    }
    throw error;
  }
};

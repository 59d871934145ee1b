import {
  AppId,
  cutText,
  type Deployment,
  DeploymentId,
  type Diagnosis,
  type EnvironmentId,
  LIMITS,
  Placement,
  queueFor,
  RouteId,
  StepName,
  SwitchyardError,
  variableOwnerOf,
} from '@switchyard/domain';
import { z } from 'zod';
import { acceptanceOf } from './accepting.ts';
import { appOf, environmentOfHash, purgeApp } from './apps.ts';
import { toStoreError } from './connection.ts';
import type { StoreContext } from './context.ts';
import { deploymentOfHash, pairsToHash } from './deployment-record.ts';
import type { OutboxEntry, WakeUps } from './queues.ts';
import { split } from './script-answer.ts';
import type { BeginAnswer, CancelAnswer, Chain, Lease, StepResult, SweepReport, Wake } from './store.ts';
import { sealedOf } from './variables.ts';

const LOST_WORKERS: Omit<Diagnosis, 'stage'> & { stage: string } = {
  cause: 'worker-lost',
  stage: '@STAGE@',
  title: 'Workers were lost repeatedly in this stage',
  explanation: `${LIMITS.maxLostWorkersPerStage + 1} workers in a row stopped answering while they ran this stage. Often the machine ran out of memory.`,
  fix: 'Look at the memory of the machine and at the logs of the workers, then deploy again.',
  evidence: [],
  details: {},
  fault: 'platform',
  confidence: 1,
};

const argumentsOf = (result: StepResult): string[] => {
  const on = result.kind === 'succeeded' ? result : null;
  const diagnosis = result.kind === 'failed' || result.kind === 'timed_out' ? JSON.stringify(result.diagnosis) : '';
  return [
    result.kind,
    noteOfResult(result),
    on?.cache === undefined ? '' : JSON.stringify(on.cache),
    on?.commit === undefined ? '' : JSON.stringify(on.commit),
    on?.plan === undefined ? '' : JSON.stringify(on.plan),
    on?.placement ?? '',
    diagnosis,
    result.kind === 'failed' && result.retryAfterMs !== null ? String(result.retryAfterMs) : '',
    result.kind === 'timed_out' ? String(result.limitMs) : '',
  ];
};

function noteOfResult(result: StepResult): string {
  if (result.kind === 'timed_out') return `Took longer than its limit of ${Math.round(result.limitMs / 1000)} s.`;
  if (result.kind === 'handed_back') return 'Its worker is stopping; another takes over.';
  return 'note' in result ? cutText(result.note ?? '', LIMITS.maxErrorMessageBytes) : '';
}

/** What can't be read keeps a deployment from the stages that need it, not from beginning: a cleanup is done without. */
function readableOrReason<Value>(read: () => Value): Value | SwitchyardError {
  try {
    return read();
  } catch (error) {
    const reason = toStoreError(error);
    if (reason instanceof SwitchyardError) return reason;
    throw reason;
  }
}

export function chainOf(context: StoreContext, queues: WakeUps, farmId: () => Promise<string>): Chain {
  const { redis, keys, run, subscriptions, clock, ids, faultPoint } = context;

  async function handOn(entries: readonly OutboxEntry[]): Promise<void> {
    // What can't be handed on now stays in the outbox for the sweep.
    await queues.handOn(entries).catch(() => undefined);
  }

  async function read(id: DeploymentId): Promise<Deployment> {
    return deploymentOfHash(await redis.hgetall(keys.deployment(id)));
  }

  async function holdOf(lease: Lease, reason: string, scope: 'all' | 'automatic'): Promise<string> {
    return JSON.stringify({ scope, reason, deploymentId: lease.deploymentId, at: clock() });
  }

  async function cancel(id: DeploymentId, { force }: { force: boolean } = { force: false }): Promise<CancelAnswer> {
    const { values, entries } = split(await run('cancel', clock(), id, force ? '1' : ''));
    await handOn(entries);
    return z
      .enum(['not-found', 'already-ended', 'already-switched', 'no-migration', 'cancelling', 'cancelled'])
      .parse(values[0]);
  }

  return {
    ...acceptanceOf(context, { farmId, handOn, read }),

    async begin({ deploymentId, step, jobId }: Wake, { processId }): Promise<BeginAnswer> {
      const { values, entries } = split(
        await run('begin', clock(), deploymentId, step, processId, LIMITS.leaseMs, jobId ?? ''),
      );
      await handOn(entries);
      const verdict = z.enum(['run', 'done', 'held', 'waiting', 'not-next', 'gone', 'unreadable']).parse(values[0]);
      if (verdict === 'unreadable') {
        deploymentOfHash(await redis.hgetall(keys.deployment(deploymentId)));
        // It has been replaced meanwhile.
        return { answer: 'gone' };
      }
      if (verdict !== 'run') return { answer: verdict };
      const [, token, attempt, counted, hash, app, environmentHash, ofEnvironment, ofPreviews] = values;
      const environment = environmentOfHash(pairsToHash(environmentHash));
      const isProduction = variableOwnerOf(environment) === environment.id;
      return {
        answer: 'run',
        lease: { deploymentId, step, token: Number(token), processId },
        deployment: deploymentOfHash(pairsToHash(hash)),
        app: appOf(z.string().parse(app), false),
        environment,
        variables: readableOrReason(() => sealedOf(isProduction ? ofEnvironment : ofPreviews)),
        attempt: Number(attempt),
        counted: Number(counted),
      };
    },

    async beat(lease) {
      return z
        .enum(['kept', 'cancel', 'lost'])
        .parse(await run('beat', clock(), lease.deploymentId, lease.token, LIMITS.leaseMs));
    },

    async finish(lease, result, memory = null) {
      const hold = 'hold' in result && result.hold !== undefined ? await holdOf(lease, result.hold, 'all') : '';
      const artifacts = result.kind === 'succeeded' ? Object.entries(result.artifacts ?? {}) : [];
      const { values, entries } = split(
        await run(
          'finish',
          clock(),
          lease.deploymentId,
          lease.step,
          lease.token,
          ...argumentsOf(result),
          hold,
          memory === null ? '' : JSON.stringify(memory),
          ...(result.kind === 'awaits' ? [result.work, result.number] : ['', '']),
          ...artifacts.flatMap(([name, value]) => [name, JSON.stringify(value)]),
        ),
      );
      faultPoint(`${lease.step}:recorded`);
      await handOn(entries);
      return z.enum(['finished', 'lease-lost']).parse(values[0]);
    },

    cancel,

    async releaseHold(id) {
      await handOn(split(await run('releaseHold', clock(), id)).entries);
    },

    async moveRoute(lease, { releaseId, minReady }) {
      const deployment = await read(lease.deploymentId);
      const document = await redis.hget(keys.app(deployment.appId), 'doc');
      const environment = environmentOfHash(await redis.hgetall(keys.environment(deployment.environmentId)));
      if (document === null) return { answer: 'lease-lost' };
      const id = ids('route');
      const now = clock();
      const route = {
        v: 1,
        id,
        environmentId: deployment.environmentId,
        appId: deployment.appId,
        appName: appOf(document, false).name,
        hosts: environment.hosts,
        owner: '@OWNER@',
        weights: [{ releaseId, deploymentId: deployment.id, weight: 100 }],
        at: now,
      };
      const hold =
        deployment.trigger === 'rollback'
          ? await holdOf(lease, `#${deployment.number} rolled back; automatic deployments wait.`, 'automatic')
          : '';
      const answer = await run(
        'moveRoute',
        now,
        deployment.id,
        lease.token,
        minReady,
        releaseId,
        id,
        JSON.stringify(route).replace('"@OWNER@"', '@OWNER@'),
        hold,
      );
      const [verdict, routeId] = z
        .tuple([z.enum(['moved', 'not-ready', 'outdated', 'stopped', 'cancelled', 'lease-lost']), z.string()])
        .parse(answer);
      return verdict === 'moved' ? { answer: 'moved', routeId: RouteId.parse(routeId) } : { answer: verdict };
    },

    async turnBack(id, { minReady, reason }) {
      const why = cutText(reason, LIMITS.maxErrorMessageBytes);
      const answer = await run('turnBack', clock(), id, minReady, ids('route'), why);
      const [verdict, routeId] = z
        .tuple([z.enum(['turned-back', 'not-found', 'not-live', 'nothing-before', 'not-ready']), z.string()])
        .parse(answer);
      return verdict === 'turned-back' ? { answer: verdict, routeId: RouteId.parse(routeId) } : { answer: verdict };
    },

    async sweep(processId): Promise<SweepReport | null> {
      const term = LIMITS.sweepMs * 2;
      const taken = await redis.set(keys.sweepLeader, processId, 'PX', term, 'NX');
      if (taken === null && (await redis.get(keys.sweepLeader)) !== processId) return null;
      await redis.pexpire(keys.sweepLeader, term);

      const { values, entries } = split(await run('sweep', clock(), JSON.stringify(LOST_WORKERS)));
      const [takenOver, due, suspects] = z.tuple([z.number(), z.number(), z.array(z.string())]).parse(values);
      await handOn(entries);
      const handedOn = await queues.handOnLost();
      const rewoken = await rewake(suspects);
      const purged: DeploymentId[] = [];
      const purgedEnvironments: EnvironmentId[] = [];
      for (const id of z.array(AppId).parse(await redis.smembers(keys.deletingApps))) {
        // Whoever deleted it may have died before it had asked for all their ends.
        for (const one of z.array(DeploymentId).parse(await redis.smembers(keys.unfinishedOfApp(id))))
          await cancel(one);
        const gone = await purgeApp(context, id);
        purged.push(...(gone?.deployments ?? []));
        purgedEnvironments.push(...(gone?.environments ?? []));
      }
      return { handedOn, takenOver, rewoken: due + rewoken, purged, purgedEnvironments };
    },

    async takeOver() {
      const { values, entries } = split(await run('takeOver', clock(), JSON.stringify(LOST_WORKERS)));
      await handOn(entries);
      const [takenOver, nextAt] = z.tuple([z.number(), z.string()]).parse(values);
      return { takenOver, nextAt: nextAt === '' ? null : Number(nextAt) };
    },

    onCancel(listener) {
      return subscriptions.hint(keys.cancelChannel, (message) => {
        if (message !== null) listener(DeploymentId.parse(message));
      });
    },
  };

  /** Wakes what has no waiting job any more; work that waits in a long queue is left alone. */
  async function rewake(pairs: readonly string[]): Promise<number> {
    const lost: string[] = [];
    for (let index = 0; index + 1 < pairs.length; index += 2) {
      const [id, jobId] = [pairs[index] ?? '', pairs[index + 1] ?? ''];
      // Not the whole record: one that can't be read must not keep the others from being woken.
      const [step, placement] = await redis.hmget(keys.deployment(DeploymentId.parse(id)), 'step', 'placement');
      if (!step) continue;
      const queue = queueFor(StepName.parse(step), Placement.parse(placement || 'any'));
      if (!(await queues.waits(queue, jobId))) lost.push(id, jobId);
    }
    if (lost.length === 0) return 0;
    const { values, entries } = split(await run('rewake', clock(), ...lost));
    await handOn(entries);
    return z.number().parse(values[0]);
  }
}

import {
  AppId,
  type Deployment,
  DeploymentId,
  type Diagnosis,
  LIMITS,
  queueFor,
  RouteId,
  SwitchyardError,
} from '@switchyard/domain';
import { z } from 'zod';
import { appOf, environmentOfHash, purgeApp } from './apps.ts';
import type { StoreContext } from './context.ts';
import { deploymentOfHash, pairsToHash } from './deployment-record.ts';
import { type BullQueues, OutboxEntry } from './queues.ts';
import type { AcceptRequest, BeginAnswer, CancelAnswer, Chain, Lease, StepResult, SweepReport, Wake } from './store.ts';

/** Every answer of a chain script ends with the outbox entries that the script has added. */
function split(answer: unknown): { values: unknown[]; entries: OutboxEntry[] } {
  const values = z.array(z.unknown()).parse(answer);
  const entries = z.array(z.string()).parse(values.pop());
  return { values, entries: entries.map((text) => OutboxEntry.parse(JSON.parse(text))) };
}

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

/** Fields of the hash that a request decides; the script adds number, status and stages. */
function fieldsOf(
  id: DeploymentId,
  request: AcceptRequest,
  app: { teamId: string; repository: string },
  farmId: string,
  now: number,
): Record<string, string> {
  const { what } = request;
  const release = what.kind === 'deploy' ? null : what.release;
  return {
    v: '1',
    id,
    farmId,
    teamId: app.teamId,
    appId: request.appId,
    environmentId: request.environmentId,
    trigger: request.trigger,
    repository: app.repository,
    ref: what.kind === 'deploy' ? (what.ref ?? '') : '',
    reuse: what.kind === 'deploy' ? what.reuse : 'all',
    placement: release?.snapshot.placement ?? 'any',
    commit: release?.commit == null ? '' : JSON.stringify(release.commit),
    plan: release === null ? '' : JSON.stringify(release.plan),
    'artifact:releaseId': release === null ? '' : JSON.stringify(release.id),
    gateExempt: what.kind === 'rollback' ? '1' : '',
    createdAt: String(now),
  };
}

function noteOf({ what }: AcceptRequest): string {
  if (what.kind === 'rollback') return `Goes back to the release of #${what.release.number}.`;
  return 'Starts the live release again.';
}

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
  return 'note' in result ? (result.note ?? '') : '';
}

export function chainOf(context: StoreContext, queues: BullQueues, farmId: () => Promise<string>): Chain {
  const { redis, keys, run, subscriptions, clock, ids } = context;

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

  async function cancel(id: DeploymentId): Promise<CancelAnswer> {
    const { values, entries } = split(await run('cancel', clock(), id));
    await handOn(entries);
    return z.enum(['not-found', 'already-ended', 'already-switched', 'cancelling', 'cancelled']).parse(values[0]);
  }

  return {
    async accept(request) {
      const { what } = request;
      const document = await redis.hget(keys.app(request.appId), 'doc');
      if (document === null) throw new SwitchyardError('app-not-found', 'There is no such app.');
      const app = appOf(document, false);
      if (what.kind !== 'deploy' && (await redis.exists(keys.release(what.release.id))) === 0) {
        throw new SwitchyardError(
          'release-not-kept',
          `The release of #${what.release.number} is not kept any more. Deploy its commit again.`,
        );
      }
      const id = ids('dep');
      const now = clock();
      const fields = fieldsOf(id, request, app, await farmId(), now);
      const queued = JSON.stringify({
        number: '@NUMBER@',
        trigger: request.trigger,
        ref: fields['ref'] || null,
        reuse: fields['reuse'],
      });
      const { values, entries } = split(
        await run(
          'accept',
          now,
          id,
          request.appId,
          request.environmentId,
          what.kind,
          noteOf(request),
          queued.replace('"@NUMBER@"', '@NUMBER@'),
          ...Object.entries(fields).flat(),
        ),
      );
      const verdict = values[0];
      if (verdict === 'app-not-found') throw new SwitchyardError('app-not-found', `The app ${app.name} is gone.`);
      if (verdict === 'app-being-deleted')
        throw new SwitchyardError('app-being-deleted', `The app ${app.name} is being deleted.`);
      if (verdict === 'too-many-of-app' || verdict === 'too-many-of-farm') {
        const [whose, limit] =
          verdict === 'too-many-of-app'
            ? [app.name, LIMITS.maxUnfinishedPerApp]
            : ['this farm', LIMITS.maxUnfinishedPerFarm];
        throw new SwitchyardError(
          'too-many-deployments',
          `${limit} deployments of ${whose} have not ended yet, which is the most. Try again when some have, or cancel some.`,
        );
      }
      await handOn(entries);
      return await read(id);
    },

    async begin({ deploymentId, step }: Wake, { processId }): Promise<BeginAnswer> {
      const { values, entries } = split(await run('begin', clock(), deploymentId, step, processId, LIMITS.leaseMs));
      await handOn(entries);
      const verdict = z.enum(['run', 'done', 'held', 'waiting', 'not-next', 'gone']).parse(values[0]);
      if (verdict !== 'run') return { answer: verdict };
      const [, token, attempt, counted, hash, app, environment] = values;
      return {
        answer: 'run',
        lease: { deploymentId, step, token: Number(token), processId },
        deployment: deploymentOfHash(pairsToHash(hash)),
        app: appOf(z.string().parse(app), false),
        environment: environmentOfHash(pairsToHash(environment)),
        attempt: Number(attempt),
        counted: Number(counted),
      };
    },

    async beat(lease) {
      return z
        .enum(['kept', 'cancel', 'lost'])
        .parse(await run('beat', clock(), lease.deploymentId, lease.token, LIMITS.leaseMs));
    },

    async finish(lease, result) {
      const hold = result.kind === 'failed' && result.hold !== undefined ? await holdOf(lease, result.hold, 'all') : '';
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
          ...artifacts.flatMap(([name, value]) => [name, JSON.stringify(value)]),
        ),
      );
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
        .tuple([z.enum(['moved', 'not-ready', 'outdated', 'cancelled', 'lease-lost']), z.string()])
        .parse(answer);
      return verdict === 'moved' ? { answer: 'moved', routeId: RouteId.parse(routeId) } : { answer: verdict };
    },

    async sweep(processId): Promise<SweepReport | null> {
      const term = LIMITS.sweepMs * 2;
      const taken = await redis.set(keys.sweepLeader, processId, 'PX', term, 'NX');
      if (taken === null && (await redis.get(keys.sweepLeader)) !== processId) return null;
      await redis.pexpire(keys.sweepLeader, term);

      const { values, entries } = split(await run('sweep', clock(), JSON.stringify(LOST_WORKERS)));
      const [takenOver, due, suspects] = z.tuple([z.number(), z.number(), z.array(z.string())]).parse(values);
      await handOn(entries);
      const handedOn = await queues.emptyOutbox();
      const rewoken = await rewake(suspects);
      const purged: DeploymentId[] = [];
      for (const id of z.array(AppId).parse(await redis.smembers(keys.deletingApps))) {
        // Whoever deleted it may have died before it had asked for all their ends.
        for (const one of z.array(DeploymentId).parse(await redis.smembers(keys.unfinishedOfApp(id))))
          await cancel(one);
        purged.push(...((await purgeApp(context, id)) ?? []));
      }
      return { handedOn, takenOver, rewoken: due + rewoken, purged };
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
      const { step, placement } = await read(DeploymentId.parse(id));
      if (step !== null && !(await queues.waits(queueFor(step, placement), jobId))) lost.push(id, jobId);
    }
    if (lost.length === 0) return 0;
    const { values, entries } = split(await run('rewake', clock(), ...lost));
    await handOn(entries);
    return z.number().parse(values[0]);
  }
}

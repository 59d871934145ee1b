import { type Deployment, DeploymentId, isDoneAnew, LIMITS, PinnedSettings, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import { SETTINGS_FIELDS, settingsOfFields } from './app-settings.ts';
import { appOf } from './apps.ts';
import type { StoreContext } from './context.ts';
import type { OutboxEntry } from './queues.ts';
import { split } from './script-answer.ts';
import type { AcceptRequest, Chain, PushAnswer } from './store.ts';

/** Fields of the hash that a request decides; the script adds number, status and stages. */
function fieldsOf(
  id: DeploymentId,
  request: AcceptRequest,
  app: { teamId: string; repository: string | null },
  farmId: string,
  settings: PinnedSettings,
  now: number,
): Record<string, string> {
  const { what, retry } = request;
  const commit = what.kind === 'deploy' ? (retry?.of.commit ?? null) : what.release.commit;
  const migrated = retry === undefined || isDoneAnew('migrate', retry.from) ? undefined : retry.of.artifacts.migrated;
  const release = what.kind === 'deploy' ? null : what.release;
  return {
    v: '1',
    id,
    farmId,
    teamId: app.teamId,
    appId: request.appId,
    environmentId: request.environmentId,
    trigger: request.trigger,
    repository: app.repository ?? '',
    ref: what.kind === 'deploy' ? (what.ref ?? '') : '',
    upload: what.kind === 'deploy' ? (what.upload ?? '') : '',
    reuse: what.kind === 'deploy' ? what.reuse : 'all',
    placement: release?.snapshot.placement ?? 'any',
    commit: commit === null ? '' : JSON.stringify(commit),
    plan: release === null ? '' : JSON.stringify(release.plan),
    'artifact:releaseId': release === null ? '' : JSON.stringify(release.id),
    'artifact:migrated': migrated === undefined ? '' : JSON.stringify(migrated),
    retryOf: retry === undefined ? '' : JSON.stringify({ id: retry.of.id, number: retry.of.number, from: retry.from }),
    gateExempt: what.kind === 'rollback' ? '1' : '',
    settings: JSON.stringify(settings),
    createdAt: String(now),
  };
}

function noteOf({ what, trigger }: AcceptRequest): string {
  if (what.kind === 'rollback') return `Goes back to the release of #${what.release.number}.`;
  return trigger === 'start' ? 'Starts the release that was stopped.' : 'Starts the live release again.';
}

interface Surroundings {
  readonly farmId: () => Promise<string>;
  readonly handOn: (entries: readonly OutboxEntry[]) => Promise<void>;
  readonly read: (id: DeploymentId) => Promise<Deployment>;
}

/** What was pushed, '' where a person asked; and the delivery or request that told of it, '' where it has no name. */
interface Pushed {
  readonly sha: string;
  readonly delivery: string;
}

const BY_HAND: Pushed = { sha: '', delivery: '' };

const Refusal = z.discriminatedUnion('verdict', [
  z.object({ verdict: z.enum(['duplicate', 'already-deployed']), detail: DeploymentId }),
  z.object({ verdict: z.literal('held'), detail: z.string() }),
]);

function answerOf(entered: Deployment | z.infer<typeof Refusal>): PushAnswer {
  if (!('verdict' in entered)) return { answer: 'accepted', deployment: entered };
  return entered.verdict === 'held'
    ? { answer: 'held', reason: entered.detail }
    : { answer: entered.verdict, deploymentId: entered.detail };
}

/** How deployments get into the chain. */
export function acceptanceOf(
  { redis, keys, run, clock, ids }: StoreContext,
  { farmId, handOn, read }: Surroundings,
): Pick<Chain, 'accept' | 'acceptPush' | 'acceptHead'> {
  async function enter(request: AcceptRequest, pushed: Pushed): Promise<Deployment | z.infer<typeof Refusal>> {
    const { what } = request;
    // In one command: a deployment never has one half of a change of settings.
    const stored = await redis.hmget(keys.app(request.appId), ...SETTINGS_FIELDS);
    const settings = settingsOfFields(stored);
    const [document] = stored;
    if (settings === null || document == null) throw new SwitchyardError('app-not-found', 'There is no such app.');
    const app = appOf(document, false);
    if (what.kind !== 'deploy' && (await redis.exists(keys.release(what.release.id))) === 0) {
      throw new SwitchyardError(
        'release-not-kept',
        `The release of #${what.release.number} is not kept any more. Deploy its commit again.`,
      );
    }
    if (what.kind === 'deploy' && what.upload === undefined && app.repository === null) {
      throw new SwitchyardError(
        'no-repository',
        `${app.name} has no repository to deploy from. Upload a folder (\`switchyard deploy . --app ${app.name}\`), or make an app with a repository.`,
      );
    }
    const id = ids('dep');
    const now = clock();
    const fields = fieldsOf(id, request, app, await farmId(), PinnedSettings.parse(settings), now);
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
        pushed.sha,
        pushed.delivery,
        fields['upload'] ?? '',
        request.trigger === 'poll' ? '1' : '',
        request.retry?.of.number ?? '',
        ...Object.entries(fields).flat(),
      ),
    );
    const [verdict, detail] = values;
    const refusal = Refusal.safeParse({ verdict, detail });
    if (refusal.success) return refusal.data;
    throwRefusal(verdict, app.name, {
      upload: fields['upload'],
      retried: request.retry?.of.number,
      limit: detail,
    });
    await handOn(entries);
    return await read(id);
  }

  return {
    async accept(request) {
      const delivery = request.once == null ? '' : `request:${request.once}`;
      const entered = await enter(request, { ...BY_HAND, delivery });
      if ('verdict' in entered && entered.verdict === 'duplicate') return await read(entered.detail);
      if ('verdict' in entered) throw new Error(`${entered.verdict} is no answer to a person`);
      return entered;
    },

    async acceptPush({ appId, environmentId, ref, sha, provider, deliveryId }) {
      const what = { kind: 'deploy', ref, reuse: 'all' } as const;
      const delivery = deliveryId === null ? '' : `${provider}:${deliveryId}`;
      const entered = await enter({ appId, environmentId, trigger: 'webhook', what }, { sha, delivery });
      return answerOf(entered);
    },

    async acceptHead({ appId, environmentId, ref, sha }) {
      const what = { kind: 'deploy', ref, reuse: 'all' } as const;
      return answerOf(await enter({ appId, environmentId, trigger: 'poll', what }, { sha, delivery: '' }));
    },
  };
}

function throwRefusal(
  verdict: unknown,
  name: string,
  { upload, retried, limit }: { upload: string | undefined; retried: number | undefined; limit: unknown },
): void {
  if (verdict === 'newer') {
    throw new SwitchyardError(
      'deployment-outdated',
      `A newer deployment of ${name} than #${retried} is live or under way; trying it again would bring back an older version. Deploy again, or roll back.`,
    );
  }
  if (verdict === 'upload-not-found') {
    throw new SwitchyardError(
      'upload-not-found',
      `${name} has no upload ${upload}. The newest ${LIMITS.keptUploads} are kept; send the folder again.`,
    );
  }
  if (verdict === 'app-not-found') throw new SwitchyardError('app-not-found', `The app ${name} is gone.`);
  if (verdict === 'app-being-deleted')
    throw new SwitchyardError('app-being-deleted', `The app ${name} is being deleted.`);
  const crowded = Crowded.safeParse(verdict);
  if (crowded.success) {
    const whose = { 'too-many-of-app': name, 'too-many-of-team': `${name}’s team`, 'too-many-of-farm': 'this farm' };
    throw new SwitchyardError(
      'too-many-deployments',
      `${String(limit)} deployments of ${whose[crowded.data]} have not ended yet, which is the most. Try again when some have, or cancel some.`,
    );
  }
}

const Crowded = z.enum(['too-many-of-app', 'too-many-of-team', 'too-many-of-farm']);

import {
  type App,
  type Delivery,
  type DeliveryCause,
  type Deployment,
  type Provider,
  SwitchyardError,
} from '@switchyard/domain';
import type { PushAnswer, Store } from '@switchyard/queue';
import { requireProduction } from '../app-views.ts';
import { decideDelivery } from './decide-delivery.ts';
import type { Told } from './payload.ts';

export interface SignedDelivery {
  readonly provider: Provider;
  readonly event: string;
  readonly id: string | null;
  readonly told: Told;
}

export type Taken =
  | { readonly verdict: 'accepted'; readonly deployment: Deployment }
  | { readonly verdict: 'ignored'; readonly cause: DeliveryCause; readonly reason: string };

/**
 * Deploys, or says why not, and keeps the delivery with its verdict. Rejects with `too-many-deployments`, kept as refused, and with
 * `app-being-deleted`, which nobody would read any more.
 */
export async function takeDelivery(store: Store, app: App, delivery: SignedDelivery): Promise<Taken> {
  const { told, provider, event, id } = delivery;
  const keep = async (fate: Pick<Delivery, 'verdict' | 'cause' | 'deploymentId' | 'reason'>): Promise<void> =>
    await store.webhooks.keep(app.id, {
      id,
      provider,
      event,
      ref: 'ref' in told ? told.ref : null,
      sha: told.kind === 'push' ? told.sha : null,
      ...fate,
    });
  const ignore = async (
    cause: DeliveryCause,
    reason: string,
    deploymentId: Delivery['deploymentId'],
  ): Promise<Taken> => {
    await keep({ verdict: 'ignored', cause, deploymentId, reason });
    return { verdict: 'ignored', cause, reason };
  };

  if (app.repository === null)
    return await ignore('no-repository', 'The app has no repository; it is deployed from uploads.', null);
  const decided = decideDelivery(told, event, app.branch);
  if (decided.decision === 'ignore') return await ignore(decided.cause, decided.reason, null);
  const { branch: ref, sha } = decided;
  const environment = await requireProduction(store, app);
  const answer = await store.chain
    .acceptPush({ appId: app.id, environmentId: environment.id, ref, sha, provider, deliveryId: id })
    .catch(async (error: unknown) => {
      if (error instanceof SwitchyardError && error.code === 'too-many-deployments')
        await keep({ verdict: 'refused', cause: error.code, deploymentId: null, reason: error.message });
      throw error;
    });
  if (answer.answer === 'accepted') {
    const { deployment } = answer;
    await keep({ verdict: 'accepted', cause: null, deploymentId: deployment.id, reason: null });
    return { verdict: 'accepted', deployment };
  }
  return await ignore(
    answer.answer,
    reasonOf(answer, { name: app.name, environment: environment.id }, sha),
    'deploymentId' in answer ? answer.deploymentId : null,
  );
}

function reasonOf(
  answer: Exclude<PushAnswer, { answer: 'accepted' }>,
  { name, environment }: { name: string; environment: string },
  sha: string,
): string {
  switch (answer.answer) {
    case 'duplicate':
      return `This delivery set off ${answer.deploymentId} before.`;
    case 'already-deployed':
      return `${sha.slice(0, 7)} is what the newest deployment, ${answer.deploymentId}, deploys.`;
    case 'held':
      return `${answer.reason} Pushes deploy again after \`switchyard resume ${name}\` (POST /v1/environments/${environment}/release).`;
  }
}

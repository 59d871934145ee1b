import { Retry } from '@switchyard/client';
import { type Deployment, isFinal, reuseOfRetry, type StageName, SwitchyardError } from '@switchyard/domain';
import type { AcceptKind, Store } from '@switchyard/queue';
import { z } from 'zod';
import { requireDeployment } from '../deployment-views.ts';
import { operation } from '../operation.ts';
import { accepted, answerAccepted } from './accepted.ts';
import { DeploymentPath, triggerOf } from './deployment-operations.ts';

const retry = operation({
  id: 'retryDeployment',
  method: 'post',
  path: '/v1/deployments/{id}/retry',
  tag: 'Deployments',
  access: 'token',
  summary: 'Try a deployment again',
  description:
    'A new deployment of the same commit, or of the same release for a rollback. It begins where it makes a difference: at the stage that failed, or at the first whose inputs (variables, settings) have changed since; what comes before is reused, and a migration that ran to its end on the same tree is not run again. `from` names a stage that is done anew with all that follow. Refused while it has not ended, when it succeeded, and when a newer deployment is live or under way.',
  params: DeploymentPath,
  query: z.object({}),
  body: Retry,
  answers: { 202: accepted },
  errors: [
    'deployment-not-found',
    'deployment-not-finished',
    'nothing-to-retry',
    'deployment-outdated',
    'app-not-found',
    'app-being-deleted',
    'release-not-kept',
    'upload-not-found',
    'too-many-deployments',
  ],
  async handle({ once, params, body, caller, request, response }, { store, settings, clock }) {
    const of = await requireDeployment(store, params.id);
    const from = body.from ?? null;
    refuseWhatStands(of);
    const what = await whatAgain(store, of, from);
    const trigger = what.kind === 'deploy' ? triggerOf(caller, request) : of.trigger;
    const { appId, environmentId } = of;
    const deployment = await store.chain.accept({ once, appId, environmentId, trigger, what, retry: { of, from } });
    await answerAccepted(response, deployment, { store, settings, clock });
  },
});

function refuseWhatStands({ status, outcome, number }: Deployment): void {
  if (!isFinal(status))
    throw new SwitchyardError(
      'deployment-not-finished',
      `Deployment #${number} has not ended. Wait for its end, or cancel it first.`,
    );
  if (outcome === 'succeeded')
    throw new SwitchyardError(
      'nothing-to-retry',
      `Deployment #${number} succeeded. Deploy again, with \`reuse\` \`none\` for fresh work, or restart the app.`,
    );
}

async function whatAgain(store: Store, of: Deployment, from: StageName | null): Promise<AcceptKind> {
  const { trigger, artifacts, ref, upload, number } = of;
  if (trigger !== 'rollback' && trigger !== 'restart' && trigger !== 'start')
    return { kind: 'deploy', ref, reuse: reuseOfRetry(from), ...(upload === null ? {} : { upload }) };
  const release = artifacts.releaseId === undefined ? null : await store.releases.get(artifacts.releaseId);
  if (release === null)
    throw new SwitchyardError('release-not-kept', `The release of deployment #${number} is not kept any more.`);
  return { kind: trigger === 'rollback' ? 'rollback' : 'restart', release };
}

export const retryOperations = [retry];

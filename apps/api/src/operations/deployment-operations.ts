import {
  Cancel,
  CLIENT_HEADER,
  ClientKind,
  CreateDeployment,
  DeploymentList,
  DeploymentView,
} from '@switchyard/client';
import { type Deployment, LIMITS, SwitchyardError, type Trigger } from '@switchyard/domain';
import type { CancelAnswer } from '@switchyard/queue';
import type { Request } from 'express';
import { z } from 'zod';
import { requireApp, requireProduction } from '../app-views.ts';
import type { Caller } from '../authentication.ts';
import { requireDeployment, summarizeDeployments, viewDeployment } from '../deployment-views.ts';
import { NO_BODY, operation } from '../operation.ts';
import { accepted, answerAccepted } from './accepted.ts';
import { AppPath } from './app-operations.ts';

export const DeploymentPath = z.object({
  id: z.string().max(64).meta({ description: 'Id of the deployment.', example: 'dep_3kTMd8vQzX1b5NfR' }),
});
const none = z.object({});
const limit = z
  .string()
  .regex(/^\d{1,3}$/)
  .transform(Number)
  .refine((value) => value >= 1 && value <= LIMITS.maxListPage, `1 to ${LIMITS.maxListPage}`)
  .default(20)
  .meta({ description: `How many to answer with at most, 1 to ${LIMITS.maxListPage}.`, type: 'integer' });
const before = z
  .string()
  .regex(/^[1-9]\d{0,8}$/, 'a deployment’s number')
  .transform(Number)
  .optional()
  .meta({ description: 'The earlier page’s `next`.', type: 'integer' });

const Headers = z.object({
  [CLIENT_HEADER]: ClientKind.optional().meta({ description: 'What asks; shown as the deployment’s trigger.' }),
});

/** What set a deployment off, as its client says; a page is known by its session. */
export function triggerOf(caller: Caller | null, request: Request): Trigger {
  const said = ClientKind.safeParse(request.get(CLIENT_HEADER)?.toLowerCase());
  if (said.success && said.data !== 'api') return said.data;
  return caller?.kind === 'session' ? 'page' : 'api';
}

const createDeployment = operation({
  id: 'createDeployment',
  method: 'post',
  path: '/v1/apps/{app}/deployments',
  tag: 'Deployments',
  access: 'token',
  summary: 'Deploy',
  description:
    'Resolves the ref to a commit, or takes the upload, and takes it through the nine stages. What is live stays live until the new version is healthy.',
  params: AppPath,
  query: none,
  headers: Headers,
  body: CreateDeployment,
  answers: { 202: accepted },
  errors: ['app-not-found', 'app-being-deleted', 'too-many-deployments', 'no-repository', 'upload-not-found'],
  async handle({ once, params, body, caller, request, response }, { store, settings, clock }) {
    const app = await requireApp(store, params.app);
    const environment = await requireProduction(store, app);
    const deployment = await store.chain.accept({
      once,
      appId: app.id,
      environmentId: environment.id,
      trigger: triggerOf(caller, request),
      what: {
        kind: 'deploy',
        ref: body.ref ?? null,
        reuse: body.reuse,
        ...(body.upload === undefined ? {} : { upload: body.upload }),
      },
    });
    await answerAccepted(response, deployment, { store, settings, clock });
  },
});

const listDeployments = operation({
  id: 'listDeployments',
  method: 'get',
  path: '/v1/apps/{app}/deployments',
  tag: 'Deployments',
  access: 'token',
  summary: 'List an app’s deployments',
  params: AppPath,
  query: z.object({ before, limit }),
  body: NO_BODY,
  answers: { 200: { description: 'A page, newest first.', content: { 'application/json': DeploymentList } } },
  errors: ['app-not-found'],
  async handle({ params, query, response }, { store, settings }) {
    const app = await requireApp(store, params.app);
    const page = await store.deployments.listOfApp(app.id, { before: query.before ?? null, limit: query.limit });
    response.json({ deployments: await summarizeDeployments(page, store, settings), next: nextOf(page, query.limit) });
  },
});

function nextOf(page: readonly Deployment[], limit: number): string | null {
  const last = page.at(-1);
  return last === undefined || page.length < limit || last.number === 1 ? null : String(last.number);
}

const listRecentDeployments = operation({
  id: 'listRecentDeployments',
  method: 'get',
  path: '/v1/deployments',
  tag: 'Deployments',
  access: 'token',
  summary: 'List recent deployments of all apps',
  params: none,
  query: z.object({ limit }),
  body: NO_BODY,
  answers: {
    200: { description: 'Newest first; there is no next page.', content: { 'application/json': DeploymentList } },
  },
  errors: [],
  async handle({ query, response }, { store, settings }) {
    const page = await store.deployments.listRecent(query.limit);
    response.json({ deployments: await summarizeDeployments(page, store, settings), next: null });
  },
});

const getDeployment = operation({
  id: 'getDeployment',
  method: 'get',
  path: '/v1/deployments/{id}',
  tag: 'Deployments',
  access: 'token',
  summary: 'Show a deployment',
  description: 'Status, stages with attempts and timings, the plan, and the diagnosis when it failed.',
  params: DeploymentPath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'The deployment.', content: { 'application/json': DeploymentView } } },
  errors: ['deployment-not-found'],
  async handle({ params, response }, { store, settings, clock }) {
    response.json(await viewDeployment(await requireDeployment(store, params.id), { store, settings, clock }));
  },
});

const cancelDeployment = operation({
  id: 'cancelDeployment',
  method: 'post',
  path: '/v1/deployments/{id}/cancel',
  tag: 'Deployments',
  access: 'token',
  summary: 'Cancel a deployment',
  description:
    'It is `cancelling` until all its processes are gone, then `cancelled`. A migration that has begun is let to its end, unless `force` ends it in the middle. Safe to ask twice.',
  params: DeploymentPath,
  query: none,
  body: Cancel,
  answers: {
    202: { description: 'It ends as soon as its processes are gone.', content: { 'application/json': DeploymentView } },
  },
  errors: ['deployment-not-found', 'deployment-finished', 'deployment-switched', 'nothing-to-force'],
  async handle({ params, body, response }, { store, settings, clock }) {
    const deployment = await requireDeployment(store, params.id);
    const problem = cancelProblem(await store.chain.cancel(deployment.id, body), deployment);
    if (problem !== null) throw problem;
    response
      .status(202)
      .json(await viewDeployment(await requireDeployment(store, params.id), { store, settings, clock }));
  },
});

function cancelProblem(answer: CancelAnswer, { id, number }: Deployment): SwitchyardError | null {
  switch (answer) {
    case 'cancelling':
    case 'cancelled':
      return null;
    case 'already-ended':
      return new SwitchyardError('deployment-finished', `Deployment #${number} has ended; there is nothing to cancel.`);
    case 'already-switched':
      return new SwitchyardError(
        'deployment-switched',
        `Deployment #${number} is live already. To go back to the version before it, roll back instead.`,
      );
    case 'no-migration':
      return new SwitchyardError(
        'nothing-to-force',
        `No migration of deployment #${number} runs, so there is nothing to end by force. Cancel it without \`force\`: everything else is ended at once.`,
      );
    case 'not-found':
      return new SwitchyardError('deployment-not-found', `There is no deployment ${JSON.stringify(id)}.`);
  }
}

export const deploymentOperations = [
  createDeployment,
  listDeployments,
  listRecentDeployments,
  getDeployment,
  cancelDeployment,
];

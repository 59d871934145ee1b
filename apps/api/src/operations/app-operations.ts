import { AppList, AppView, CreateApp } from '@switchyard/client';
import { checkRepositoryAddress, DEFAULT_TEAM, SwitchyardError, type TeamId } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { z } from 'zod';
import { appHost, requireApp, requireTeam, summarizeApps, viewApp } from '../app-views.ts';
import type { Caller } from '../authentication.ts';
import { NO_BODY, operation } from '../operation.ts';

export const AppPath = z.object({
  app: z.string().max(64).meta({ description: 'Name or id of the app.', example: 'hello' }),
});
const none = z.object({});

const createApp = operation({
  id: 'createApp',
  method: 'post',
  path: '/v1/apps',
  tag: 'Apps',
  access: 'token',
  summary: 'Make an app',
  description:
    'Says where an app’s source is; one without a repository is deployed from uploads. Nothing is deployed yet.',
  params: none,
  query: none,
  body: CreateApp,
  answers: {
    201: {
      description: 'The app.',
      content: { 'application/json': AppView },
      headers: { Location: 'Path of the app.' },
    },
  },
  errors: ['repository-not-allowed', 'app-exists', 'too-many-apps', 'team-not-found'],
  async handle({ body, caller, response }, { store, settings }) {
    if (body.repository !== undefined)
      checkRepositoryAddress(body.repository, { allowFile: settings.allowFileRepositories });
    const { app } = await store.apps.create({
      teamId: await ownerOf(store, caller, body.team),
      name: body.name,
      repository: body.repository ?? null,
      branch: body.branch ?? null,
      hosts: [appHost(body.name, settings)],
    });
    response
      .status(201)
      .location(`/v1/apps/${app.name}`)
      .json(await viewApp(app, store, settings));
  },
});

/** The team of whoever asks. The operator may name another one. */
async function ownerOf(store: Store, caller: Caller | null, wanted: string | undefined): Promise<TeamId> {
  const own = caller?.team ?? null;
  if (own === null) return wanted === undefined ? DEFAULT_TEAM : (await requireTeam(store, wanted)).id;
  if (wanted !== undefined && (await store.teams.find(wanted))?.id !== own)
    throw new SwitchyardError('forbidden', 'A team’s token makes apps for that team alone. Leave `team` out.');
  return own;
}

const listApps = operation({
  id: 'listApps',
  method: 'get',
  path: '/v1/apps',
  tag: 'Apps',
  access: 'token',
  summary: 'List apps',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'All apps, by name.', content: { 'application/json': AppList } } },
  errors: [],
  async handle({ response }, { store, settings }) {
    response.json({ apps: await summarizeApps(await store.apps.list(), store, settings) });
  },
});

const getApp = operation({
  id: 'getApp',
  method: 'get',
  path: '/v1/apps/{app}',
  tag: 'Apps',
  access: 'token',
  summary: 'Show an app',
  description: 'What is live, which releases a rollback can go to, and how the instances do.',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'The app.', content: { 'application/json': AppView } } },
  errors: ['app-not-found'],
  async handle({ params, response }, { store, settings }) {
    response.json(await viewApp(await requireApp(store, params.app), store, settings));
  },
});

const deleteApp = operation({
  id: 'deleteApp',
  method: 'delete',
  path: '/v1/apps/{app}',
  tag: 'Apps',
  access: 'token',
  summary: 'Delete an app',
  description:
    'Takes it off the net at once, frees its name, and cancels what is unfinished. What it leaves is removed afterwards.',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 204: { description: 'It is gone for visitors and for this API.' } },
  errors: ['app-not-found'],
  async handle({ params, response }, { store }) {
    await store.apps.remove((await requireApp(store, params.app)).id);
    response.status(204).end();
  },
});

export const appOperations = [createApp, listApps, getApp, deleteApp];

import { AppLimits } from '@switchyard/client';
import { type App, FarmLimits, FarmLimitsPatch, OwnLimitsPatch } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { z } from 'zod';
import { requireApp } from '../app-views.ts';
import { NO_BODY, operation } from '../operation.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});
const TAG = 'Limits';
const EFFECT =
  'A limit that is raised admits at once what waited for it; one that is lowered ends nothing. `null` brings the default back.';

const getLimits = operation({
  id: 'getLimits',
  method: 'get',
  path: '/v1/limits',
  tag: TAG,
  access: 'operator',
  summary: 'Show the farm’s limits',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'Those that hold now.', content: { 'application/json': FarmLimits } } },
  errors: [],
  async handle({ response }, { store }) {
    response.json(await store.limits.ofFarm());
  },
});

const updateLimits = operation({
  id: 'updateLimits',
  method: 'patch',
  path: '/v1/limits',
  tag: TAG,
  access: 'operator',
  summary: 'Change the farm’s limits',
  description: EFFECT,
  params: none,
  query: none,
  body: FarmLimitsPatch,
  answers: { 200: { description: 'Those that hold now.', content: { 'application/json': FarmLimits } } },
  errors: [],
  async handle({ body, response }, { store }) {
    await store.limits.setOfFarm(body);
    response.json(await store.limits.ofFarm());
  },
});

async function viewLimits(store: Store, { id }: App): Promise<AppLimits> {
  const [own, farm] = await Promise.all([store.limits.ofApp(id), store.limits.ofFarm()]);
  return {
    ...own,
    holds: { slots: own.slots ?? farm.slotsPerApp, unfinished: own.unfinished ?? farm.unfinishedPerApp },
  };
}

const getAppLimits = operation({
  id: 'getAppLimits',
  method: 'get',
  path: '/v1/apps/{app}/limits',
  tag: TAG,
  access: 'token',
  summary: 'Show an app’s limits',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'Its own, and those that hold.', content: { 'application/json': AppLimits } } },
  errors: ['app-not-found'],
  async handle({ params, response }, { store }) {
    response.json(await viewLimits(store, await requireApp(store, params.app)));
  },
});

const updateAppLimits = operation({
  id: 'updateAppLimits',
  method: 'patch',
  path: '/v1/apps/{app}/limits',
  tag: TAG,
  access: 'token',
  summary: 'Change an app’s limits',
  description: `How a team shares out what it may do at once: the team’s own limits, which are the operator’s, hold besides. ${EFFECT}`,
  params: AppPath,
  query: none,
  body: OwnLimitsPatch,
  answers: { 200: { description: 'Its own, and those that hold.', content: { 'application/json': AppLimits } } },
  errors: ['app-not-found'],
  async handle({ params, body, response }, { store }) {
    const app = await requireApp(store, params.app);
    await store.limits.setOfApp(app.id, body);
    response.json(await viewLimits(store, app));
  },
});

export const limitOperations = [getLimits, updateLimits, getAppLimits, updateAppLimits];

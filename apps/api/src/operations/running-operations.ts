import { AppView } from '@switchyard/client';
import { SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import { liveReleaseOf, requireApp, requireProduction, viewApp } from '../app-views.ts';
import { operation } from '../operation.ts';
import { accepted, answerAccepted } from './accepted.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});

const stop = operation({
  id: 'stop',
  method: 'post',
  path: '/v1/apps/{app}/stop',
  tag: 'Releases',
  access: 'token',
  summary: 'Stop an app',
  description:
    'Its instances finish what they began and end; visitors get a 503 page that says so. It stays stopped until it is started, rolled back or deployed by somebody: pushes deploy nothing meanwhile, and deployments that are under way do not go live. Safe to ask again.',
  params: AppPath,
  query: none,
  body: z.strictObject({}),
  answers: { 200: { description: 'The app, stopped.', content: { 'application/json': AppView } } },
  errors: ['app-not-found', 'nothing-live'],
  async handle({ params, response }, { store, settings }) {
    const app = await requireApp(store, params.app);
    const environment = await requireProduction(store, app);
    if ((await store.routing.stop(environment.id)) === 'nothing-live')
      throw new SwitchyardError('nothing-live', `Nothing of ${app.name} is live, so there is nothing to stop.`);
    response.json(await viewApp(app, store, settings));
  },
});

const start = operation({
  id: 'start',
  method: 'post',
  path: '/v1/apps/{app}/start',
  tag: 'Releases',
  access: 'token',
  summary: 'Start a stopped app',
  description:
    'Starts the release that was live when it was stopped; visitors get it when its instances are healthy. What was pushed meanwhile is not made up for.',
  params: AppPath,
  query: none,
  body: z.strictObject({}),
  answers: { 202: accepted },
  errors: ['app-not-found', 'app-being-deleted', 'not-stopped', 'release-not-kept', 'too-many-deployments'],
  async handle({ once, params, response }, { store, settings, clock }) {
    const app = await requireApp(store, params.app);
    const environment = await requireProduction(store, app);
    const [route, release] = await Promise.all([
      store.routing.route(environment.id),
      liveReleaseOf(store, environment.id),
    ]);
    if (route?.stopped === undefined || release === null)
      throw new SwitchyardError(
        'not-stopped',
        `${app.name} is not stopped.${route === null ? ' Nothing of it is live; deploy it.' : ''}`,
      );
    const deployment = await store.chain.accept({
      once,
      appId: app.id,
      environmentId: environment.id,
      trigger: 'start',
      what: { kind: 'restart', release },
    });
    await answerAccepted(response, deployment, { store, settings, clock });
  },
});

export const runningOperations = [stop, start];

import { AppView, EnvironmentView, Rollback } from '@switchyard/client';
import { type App, type Environment, type Release, SwitchyardError } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { z } from 'zod';
import {
  liveReleaseOf,
  requireApp,
  requireEnvironment,
  requireProduction,
  rollbackTargets,
  viewApp,
  viewEnvironment,
} from '../app-views.ts';
import { NO_BODY, operation } from '../operation.ts';
import { accepted, answerAccepted } from './accepted.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});
const EnvironmentPath = z.object({
  id: z.string().max(64).meta({ description: 'Id of the environment.', example: 'env_3kTMd8vQzX1b5NfR' }),
});

const rollback = operation({
  id: 'rollback',
  method: 'post',
  path: '/v1/apps/{app}/rollback',
  tag: 'Releases',
  access: 'token',
  summary: 'Go back to an earlier release',
  description:
    'Starts a kept release and moves the route to it when it is healthy. Without `to` it is the newest older one that was live. From then on pushes deploy nothing until the hold is lifted.',
  params: AppPath,
  query: none,
  body: Rollback,
  answers: { 202: accepted },
  errors: ['app-not-found', 'app-being-deleted', 'nothing-to-roll-back-to', 'release-not-kept', 'too-many-deployments'],
  async handle({ once, params, body, response }, { store, settings, clock }) {
    const app = await requireApp(store, params.app);
    const environment = await requireProduction(store, app);
    const release = await rollbackTarget(store, app, environment, body.to ?? null);
    const deployment = await store.chain.accept({
      once,
      appId: app.id,
      environmentId: environment.id,
      trigger: 'rollback',
      what: { kind: 'rollback', release },
    });
    await answerAccepted(response, deployment, { store, settings, clock });
  },
});

/** `to` is the number of the deployment that made a release, or of one that brought it back. */
async function rollbackTarget(store: Store, app: App, environment: Environment, to: number | null): Promise<Release> {
  const [live, releases] = await Promise.all([
    liveReleaseOf(store, environment.id),
    store.releases.list(environment.id),
  ]);
  const targets = rollbackTargets(releases, live);
  if (to === null) {
    // Older, not merely live before: going back twice goes back further.
    const previous = targets.find(({ number }) => live === null || number < live.number);
    if (previous !== undefined) return previous;
    const others = targets.map(({ number }) => `#${number}`).join(', ');
    throw new SwitchyardError(
      'nothing-to-roll-back-to',
      `No older release of ${app.name} is kept that was live.${others === '' ? '' : ` Newer ones are: ${others}; name one to go to it.`}`,
    );
  }
  const wanted = releases.find(({ number }) => number === to)?.id ?? (await releaseIdOf(store, app, to));
  if (live !== null && wanted === live.id)
    throw new SwitchyardError('nothing-to-roll-back-to', `The release of deployment #${to} is live already.`);
  const target = targets.find(({ id }) => id === wanted);
  if (target !== undefined) return target;
  const kept = targets.map(({ number }) => `#${number}`).join(', ');
  throw new SwitchyardError(
    'release-not-kept',
    `Deployment #${to} has no kept release that was live. ${kept === '' ? 'There is none to go back to.' : `Kept are ${kept}.`}`,
  );
}

async function releaseIdOf(store: Store, app: App, number: number): Promise<string | null> {
  const [deployment] = await store.deployments.listOfApp(app.id, { before: number + 1, limit: 1 });
  return deployment?.number === number ? (deployment.artifacts.releaseId ?? null) : null;
}

const restart = operation({
  id: 'restart',
  method: 'post',
  path: '/v1/apps/{app}/restart',
  tag: 'Releases',
  access: 'token',
  summary: 'Restart an app',
  description:
    'Starts new instances of the live release and moves the route to them when they are healthy; visitors notice nothing.',
  params: AppPath,
  query: none,
  body: z.strictObject({}),
  answers: { 202: accepted },
  errors: [
    'app-not-found',
    'app-being-deleted',
    'nothing-live',
    'app-stopped',
    'release-not-kept',
    'too-many-deployments',
  ],
  async handle({ once, params, response }, { store, settings, clock }) {
    const app = await requireApp(store, params.app);
    const environment = await requireProduction(store, app);
    const release = await liveReleaseOf(store, environment.id);
    if ((await store.routing.route(environment.id))?.stopped !== undefined)
      throw new SwitchyardError(
        'app-stopped',
        `${app.name} is stopped; start it instead (\`switchyard start ${app.name}\`).`,
      );
    if (release === null) throw new SwitchyardError('nothing-live', `Nothing of ${app.name} is live; deploy it first.`);
    const deployment = await store.chain.accept({
      once,
      appId: app.id,
      environmentId: environment.id,
      trigger: 'restart',
      what: { kind: 'restart', release },
    });
    await answerAccepted(response, deployment, { store, settings, clock });
  },
});

const releaseHold = operation({
  id: 'releaseHold',
  method: 'post',
  path: '/v1/environments/{id}/release',
  tag: 'Releases',
  access: 'token',
  summary: 'Lift a hold',
  description:
    'After a rollback pushes deploy nothing until this is asked for or a deployment that somebody asked for is live; what was pushed in between is not made up for. A hold on everything (a migration of which nobody knows how far it came) is lifted the same way once a person has looked at the database: the newest deployment that waits for it goes on, and runs its migration. Safe to ask where there is no hold.',
  params: EnvironmentPath,
  query: none,
  body: z.strictObject({}),
  answers: {
    200: { description: 'The environment, without a hold.', content: { 'application/json': EnvironmentView } },
  },
  errors: ['environment-not-found'],
  async handle({ params, response }, { store }) {
    const { id, app } = await requireEnvironment(store, params.id);
    await store.chain.releaseHold(id);
    response.json(viewEnvironment(app, (await requireEnvironment(store, id)).environment));
  },
});

const ReleasePath = AppPath.extend({
  number: z.coerce.number().int().positive().meta({
    description: 'Number of the deployment that made the release.',
    example: 3,
  }),
});

async function setPin(store: Store, { app: name, number }: z.infer<typeof ReleasePath>, pinned: boolean): Promise<App> {
  const app = await requireApp(store, name);
  const { id } = await requireProduction(store, app);
  const release = (await store.releases.list(id)).find((one) => one.number === number);
  if (release === undefined)
    throw new SwitchyardError('release-not-kept', `Deployment #${number} of ${app.name} has no kept release.`);
  await store.releases.pin(release.id, pinned);
  return app;
}

const pinRelease = operation({
  id: 'pinRelease',
  method: 'put',
  path: '/v1/apps/{app}/releases/{number}/pin',
  tag: 'Releases',
  access: 'token',
  summary: 'Pin a release',
  description: 'It stays ready for rollback whatever its age, besides those that the settings keep. Safe to ask again.',
  params: ReleasePath,
  query: none,
  body: z.strictObject({}),
  answers: { 200: { description: 'The app.', content: { 'application/json': AppView } } },
  errors: ['app-not-found', 'release-not-kept', 'too-many-pins', 'invalid-input'],
  async handle({ params, response }, { store, settings }) {
    response.json(await viewApp(await setPin(store, params, true), store, settings));
  },
});

const unpinRelease = operation({
  id: 'unpinRelease',
  method: 'delete',
  path: '/v1/apps/{app}/releases/{number}/pin',
  tag: 'Releases',
  access: 'token',
  summary: 'Unpin a release',
  description: 'From the next deployment on it stays only as long as the settings say.',
  params: ReleasePath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'The app.', content: { 'application/json': AppView } } },
  errors: ['app-not-found', 'release-not-kept', 'invalid-input'],
  async handle({ params, response }, { store, settings }) {
    response.json(await viewApp(await setPin(store, params, false), store, settings));
  },
});

export const releaseOperations = [rollback, restart, releaseHold, pinRelease, unpinRelease];

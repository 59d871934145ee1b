import { Scale, SettingsView } from '@switchyard/client';
import {
  type App,
  AppSettings,
  AppSettingsPatch,
  type JsonObject,
  mergePatch,
  SwitchyardError,
  type VersionedSettings,
} from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Response } from 'express';
import { z } from 'zod';
import { requireApp } from '../app-views.ts';
import { matches, tagOf } from '../entity-tags.ts';
import { NO_BODY, operation } from '../operation.ts';
import { invalidInput } from '../problems.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});
const IfMatch = z.object({
  'If-Match': z.string().meta({
    description: 'The `ETag` of the settings that are changed, or `*`.',
    example: '"3"',
  }),
});
const answer = {
  200: {
    description: 'The settings.',
    content: { 'application/json': SettingsView },
    headers: { ETag: 'Names this version of the settings, for `If-Match`.' },
  },
} as const;

async function read(store: Store, app: App): Promise<VersionedSettings> {
  const settings = await store.settings.get(app.id);
  if (settings === null) throw new SwitchyardError('app-not-found', `${app.name} is gone.`);
  return settings;
}

function send(response: Response, { version, updatedAt, values }: VersionedSettings): void {
  response.set('ETag', tagOf(version)).json({ version, updatedAt, settings: values });
}

/** Changes them unless `mayChange` refuses the version that is there when it comes to it. Nothing is lost to somebody else's change. */
async function change(
  store: Store,
  app: App,
  patch: JsonObject,
  mayChange: (version: number) => boolean,
): Promise<VersionedSettings | { readonly refused: number }> {
  for (;;) {
    const before = await read(store, app);
    if (!mayChange(before.version)) return { refused: before.version };
    const values = AppSettings.safeParse(mergePatch(before.values, patch));
    if (!values.success) throw invalidInput(values.error.issues);
    const after = await store.settings.replace(app.id, before.version, values.data);
    if (after !== null) return after;
  }
}

const getSettings = operation({
  id: 'getSettings',
  method: 'get',
  path: '/v1/apps/{app}/settings',
  tag: 'Settings',
  access: 'token',
  summary: 'Show an app’s settings',
  description:
    'What was set here; each wins over `switchyard.json`, which wins over what is detected. A deployment’s plan says where each of its values came from.',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: answer,
  errors: ['app-not-found'],
  async handle({ params, response }, { store }) {
    send(response, await read(store, await requireApp(store, params.app)));
  },
});

const changeSettings = operation({
  id: 'changeSettings',
  method: 'patch',
  path: '/v1/apps/{app}/settings',
  tag: 'Settings',
  access: 'token',
  summary: 'Change an app’s settings',
  description:
    'A JSON merge patch (RFC 7396): what is absent stays, `null` clears. All of it counts or none. Deployments that are accepted from then on have it; `replicas` counts at once, `retention` without a deployment of its own.',
  params: AppPath,
  query: none,
  headers: IfMatch,
  body: AppSettingsPatch,
  answers: answer,
  errors: ['app-not-found', 'precondition-required', 'precondition-failed'],
  async handle({ params, body, request, response }, { store }) {
    const app = await requireApp(store, params.app);
    const changed = await change(store, app, body, (version) => matches(request.get('if-match'), tagOf(version)));
    if ('refused' in changed) {
      const now = tagOf(changed.refused);
      response.set('ETag', now);
      throw new SwitchyardError(
        'precondition-failed',
        `The settings of ${app.name} are at ${now} by now. Read them again, and send the change with If-Match: ${now} if it is still right.`,
        { etag: now },
      );
    }
    send(response, changed);
  },
});

const scale = operation({
  id: 'scale',
  method: 'post',
  path: '/v1/apps/{app}/scale',
  tag: 'Settings',
  access: 'token',
  summary: 'Run more or fewer instances',
  description:
    'Sets `replicas` and puts it into effect without a deployment: new instances get visitors when they are healthy, those that go finish what they began.',
  params: AppPath,
  query: none,
  body: Scale,
  answers: answer,
  errors: ['app-not-found'],
  async handle({ params, body, response }, { store }) {
    const app = await requireApp(store, params.app);
    const changed = await change(store, app, { replicas: body.replicas }, () => true);
    if ('refused' in changed) throw new Error('a change without a condition was refused');
    send(response, changed);
  },
});

export const settingsOperations = [getSettings, changeSettings, scale];

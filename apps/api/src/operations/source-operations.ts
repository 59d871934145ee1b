import { SetSourceCredential, SourceCredentialView } from '@switchyard/client';
import {
  type App,
  parseRepositoryAddress,
  type SealedSourceCredential,
  type SourceCredentialKind,
  SwitchyardError,
} from '@switchyard/domain';
import { makeSshKey, sealSourceCredential } from '@switchyard/service';
import { z } from 'zod';
import { requireApp } from '../app-views.ts';
import { NO_BODY, operation } from '../operation.ts';
import type { ApiParts } from '../parts.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});
const TAG = 'Source credentials';
const FINGERPRINT_LENGTH = 16;

/** What forges take as the user name along with a token: most of them anything. */
const USERNAME = 'x-access-token';
const USERNAMES: Readonly<Record<string, string>> = { 'bitbucket.org': 'x-token-auth' };

const view = ({ v: _v, sealed: _sealed, ...rest }: SealedSourceCredential): SourceCredentialView => rest;

function unfit(message: string): never {
  throw new SwitchyardError('source-credential-unfit', message);
}

const isLoopback = (host: string): boolean => /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host);

/** The host that is shown the credential; rejects with `source-credential-unfit` where it is of no use for the app's repository. */
function hostFor(kind: SourceCredentialKind, { repository }: App, { settings }: ApiParts): string {
  if (repository === null) unfit('The app has no repository: it is deployed from uploads.');
  const address = parseRepositoryAddress(repository, { allowFile: settings.allowFileRepositories });
  if (kind === 'token') {
    if (address.kind !== 'http')
      unfit('A token opens repositories over https, and this app’s address is of another kind. Use a deploy key.');
    // On the way to this machine itself nobody listens.
    if (!address.isEncrypted && !isLoopback(address.host))
      unfit(
        'The app’s repository is reached over http, where everybody on the way could read the token. Use its https address.',
      );
    return address.host;
  }
  if (address.kind !== 'ssh')
    unfit(
      'A deploy key opens repositories over ssh, and this app’s address is of another kind. Use a token, or make the app with the ssh address (git@host:path).',
    );
  return address.host;
}

const setSourceCredential = operation({
  id: 'setSourceCredential',
  method: 'put',
  path: '/v1/apps/{app}/source-credentials',
  tag: TAG,
  access: 'token',
  summary: 'Set how an app’s private repository is opened',
  description:
    'Either takes a token for https, or makes a new key pair for ssh and answers its public half, to be entered at the forge as a deploy key. What was set before counts no more. It is shown to the host of the app’s repository and to no other.',
  params: AppPath,
  query: none,
  body: SetSourceCredential,
  answers: {
    200: {
      description: 'The credential, without what is secret about it.',
      content: { 'application/json': SourceCredentialView },
    },
  },
  errors: ['app-not-found', 'source-credential-unfit', 'repository-not-allowed'],
  async handle({ params, body, response }, parts) {
    const { store, secretBox, farmId } = parts;
    const app = await requireApp(store, params.app);
    const host = hostFor(body.kind, app, parts);
    const owner = { farmId, appId: app.id };
    if (body.kind === 'token') {
      const username = body.username ?? USERNAMES[host] ?? USERNAME;
      const bound = { kind: body.kind, host, username };
      const record = await store.sourceCredentials.set(app.id, {
        ...bound,
        publicKey: null,
        fingerprint: secretBox.fingerprint(JSON.stringify([app.id, username, body.token])).slice(0, FINGERPRINT_LENGTH),
        sealed: sealSourceCredential(secretBox, owner, bound, body.token),
      });
      response.json(view(record));
      return;
    }
    const { publicKey, privateKey, fingerprint } = makeSshKey(`switchyard-${app.name}`);
    const bound = { kind: body.kind, host, username: null };
    const record = await store.sourceCredentials.set(app.id, {
      ...bound,
      publicKey,
      fingerprint,
      sealed: sealSourceCredential(secretBox, owner, bound, privateKey),
    });
    response.json(view(record));
  },
});

const getSourceCredential = operation({
  id: 'getSourceCredential',
  method: 'get',
  path: '/v1/apps/{app}/source-credentials',
  tag: TAG,
  access: 'token',
  summary: 'Show how an app’s private repository is opened',
  description: 'Neither the token nor the private key is ever answered.',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'The credential.', content: { 'application/json': SourceCredentialView } } },
  errors: ['app-not-found', 'source-credential-not-found'],
  async handle({ params, response }, { store }) {
    const app = await requireApp(store, params.app);
    const credential = await store.sourceCredentials.readSealed(app.id);
    if (credential === null) throw notFound(app);
    response.json(view(credential));
  },
});

const deleteSourceCredential = operation({
  id: 'deleteSourceCredential',
  method: 'delete',
  path: '/v1/apps/{app}/source-credentials',
  tag: TAG,
  access: 'token',
  summary: 'Delete the credential of an app’s repository',
  description: 'From the next deployment on the repository is asked for without one.',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 204: { description: 'It is gone.' } },
  errors: ['app-not-found', 'source-credential-not-found'],
  async handle({ params, response }, { store }) {
    const app = await requireApp(store, params.app);
    if (!(await store.sourceCredentials.remove(app.id))) throw notFound(app);
    response.status(204).end();
  },
});

function notFound({ name }: App): SwitchyardError {
  return new SwitchyardError(
    'source-credential-not-found',
    `${name} has no source credential; its repository is read without one.`,
  );
}

export const sourceOperations = [setSourceCredential, getSourceCredential, deleteSourceCredential];

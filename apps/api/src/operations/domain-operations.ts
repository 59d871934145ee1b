import { randomBytes } from 'node:crypto';
import { AddDomain, DomainList, DomainView } from '@switchyard/client';
import {
  type App,
  cutText,
  type Domain,
  type Environment,
  ownHostProblem,
  parseDomainName,
  SwitchyardError,
} from '@switchyard/domain';
import { z } from 'zod';
import { appUrl, requireApp, requireProduction } from '../app-views.ts';
import { challengeOf, proveHost } from '../domains/prove-host.ts';
import { NO_BODY, operation } from '../operation.ts';
import type { ApiParts, ApiSettings } from '../parts.ts';
import { AppPath } from './app-operations.ts';

const none = z.object({});
const DomainPath = AppPath.extend({ host: z.string().max(1_024).meta({ example: 'shop.example.org' }) });
const TOKEN_BYTES = 16;

interface Owner {
  readonly app: App;
  readonly environment: Environment;
}

async function ownerOf({ store }: ApiParts, name: string): Promise<Owner> {
  const app = await requireApp(store, name);
  return { app, environment: await requireProduction(store, app) };
}

function viewDomain(domain: Domain, settings: ApiSettings): DomainView {
  const { host, createdAt, verifiedAt } = domain;
  return {
    host,
    url: appUrl(host, settings),
    ...challengeOf(domain, settings.verificationPort),
    createdAt,
    verifiedAt,
  };
}

/** The host of a request, as it is kept. Rejects with `host-not-allowed`. */
function hostOf(text: string): string {
  const parsed = parseDomainName(text);
  if ('problem' in parsed) throw new SwitchyardError('host-not-allowed', parsed.problem);
  return parsed.host;
}

async function requireDomain({ store }: ApiParts, { app, environment }: Owner, text: string): Promise<Domain> {
  const parsed = parseDomainName(text);
  const domain = 'host' in parsed ? await store.domains.get(environment.id, parsed.host) : null;
  if (domain === null)
    throw new SwitchyardError('domain-not-found', `${app.name} has no host ${JSON.stringify(cutText(text, 253))}.`);
  return domain;
}

const listDomains = operation({
  id: 'listDomains',
  method: 'get',
  path: '/v1/apps/{app}/domains',
  tag: 'Domains',
  access: 'token',
  summary: 'List an app’s hosts',
  description:
    'Those that were added. The one that every app has, its name below the farm’s domain, is not among them.',
  params: AppPath,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'The hosts, by name.', content: { 'application/json': DomainList } } },
  errors: ['app-not-found'],
  async handle({ params, response }, parts) {
    const { environment } = await ownerOf(parts, params.app);
    const domains = await parts.store.domains.list(environment.id);
    response.json({ domains: domains.map((domain) => viewDomain(domain, parts.settings)) });
  },
});

const addDomain = operation({
  id: 'addDomain',
  method: 'post',
  path: '/v1/apps/{app}/domains',
  tag: 'Domains',
  access: 'token',
  summary: 'Add a host',
  description:
    'Claims the host for the app and says which DNS record, or which file, proves it. It is not served before one of them is verified. Adding it again answers the same.',
  params: AppPath,
  query: none,
  body: AddDomain,
  answers: {
    201: {
      description: 'The host, and the DNS record or the file that is to be made.',
      content: { 'application/json': DomainView },
      headers: { Location: 'Path of the host.' },
    },
  },
  errors: ['app-not-found', 'host-not-allowed', 'host-taken', 'too-many-domains'],
  async handle({ params, body, response }, parts) {
    const { store, settings } = parts;
    const host = hostOf(body.host);
    const apiHost = new URL(settings.publicUrl).hostname;
    const problem = ownHostProblem(host, { appsDomain: settings.appsDomain, apiHost });
    if (problem !== null) throw new SwitchyardError('host-not-allowed', problem);
    const { app, environment } = await ownerOf(parts, params.app);
    const domain = await store.domains.add({
      host,
      teamId: app.teamId,
      appId: app.id,
      environmentId: environment.id,
      token: randomBytes(TOKEN_BYTES).toString('hex'),
    });
    response.status(201).location(`/v1/apps/${app.name}/domains/${host}`).json(viewDomain(domain, settings));
  },
});

const verifyDomain = operation({
  id: 'verifyDomain',
  method: 'post',
  path: '/v1/apps/{app}/domains/{host}/verify',
  tag: 'Domains',
  access: 'token',
  summary: 'Verify a host',
  description:
    'Looks for the DNS record, then for the file; once either was found the host is served, without a deployment, and stays so although that goes. A host that leads to this farm’s router already is proved by its record alone: the router answers the file for no app.',
  params: DomainPath,
  query: none,
  body: z.strictObject({}),
  answers: { 200: { description: 'It is verified and served.', content: { 'application/json': DomainView } } },
  errors: ['app-not-found', 'domain-not-found', 'domain-not-verified', 'dns-unavailable'],
  async handle({ params, response }, parts) {
    const { store, settings } = parts;
    const owner = await ownerOf(parts, params.app);
    const domain = await requireDomain(parts, owner, params.host);
    if (domain.verifiedAt === null) await proveHost(domain, challengeOf(domain, settings.verificationPort), parts);
    if (!(await store.domains.serve(owner.environment.id, domain.host, domain.token)))
      throw new SwitchyardError('domain-not-found', `${domain.host} was removed meanwhile.`);
    response.json(viewDomain(await requireDomain(parts, owner, domain.host), settings));
  },
});

const removeDomain = operation({
  id: 'removeDomain',
  method: 'delete',
  path: '/v1/apps/{app}/domains/{host}',
  tag: 'Domains',
  access: 'token',
  summary: 'Remove a host',
  params: DomainPath,
  query: none,
  body: NO_BODY,
  answers: { 204: { description: 'It is not served any more, and free.' } },
  errors: ['app-not-found', 'domain-not-found'],
  async handle({ params, response }, parts) {
    const owner = await ownerOf(parts, params.app);
    const { host } = await requireDomain(parts, owner, params.host);
    await parts.store.domains.remove(owner.environment.id, host);
    response.status(204).end();
  },
});

export const domainOperations = [listDomains, addDomain, verifyDomain, removeDomain];

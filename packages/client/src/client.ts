import {
  ARCHIVE_TYPE,
  type DeploymentEvent,
  FarmLimits,
  type FarmLimitsPatch,
  OutputEvent,
  type OwnLimitsPatch,
  type StageName,
  type VariableEnvironment,
} from '@switchyard/domain';
import type { z } from 'zod';
import { DomainList, DomainView } from './domain-shapes.ts';
import { type TailOptions, tailEvents, tailStream, textOf } from './event-tail.ts';
import {
  AppList,
  type AppSummary,
  AppView,
  type Cancel,
  type CreateApp,
  type CreateDeployment,
  DeploymentList,
  DeploymentView,
  DiskList,
  type DrainRequest,
  EnvironmentView,
  ProcessList,
  ProcessView,
  Readiness,
  type Retry,
  type Rollback,
  Session,
  SettingsView,
  type SetVariable,
  type SetVariables,
  VariableList,
  VariableVersionList,
  type VariableVersionView,
  VariableView,
} from './shapes.ts';
import { KnownHostList, type SetSourceCredential, SourceCredentialView } from './source-shapes.ts';
import { AppLimits, type CreateTeam, NewTeamToken, TeamList, TeamView, type UpdateTeam } from './team-shapes.ts';
import { createTransport, type RequestOptions, type TransportOptions } from './transport.ts';
import { UploadList, UploadView } from './upload-shapes.ts';
import { DeliveryList, type DeliveryView, WebhookSecret } from './webhook-shapes.ts';

export type ClientOptions = TransportOptions;

export interface LogOptions {
  readonly stage?: StageName | undefined;
  /** Stays until the deployment has ended (with a stage: until that stage is over). */
  readonly follow?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which of an app's output; see `GET /v1/apps/{app}/logs`. */
export interface OutputOptions {
  /** The last lines. */
  readonly tail?: number | undefined;
  /** From then on; milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly instance?: string | undefined;
  /** Number of a deployment. */
  readonly deployment?: number | undefined;
}

/** The api from outside. Apps are given by name or id. Every method rejects with an `ApiError`. */
export interface Client {
  createApp(app: CreateApp): Promise<AppView>;
  listApps(): Promise<AppSummary[]>;
  app(app: string): Promise<AppView>;
  deleteApp(app: string): Promise<void>;
  /** Production's unless said otherwise. By name; values only of those that are not sensitive. */
  variables(app: string, environment?: VariableEnvironment): Promise<VariableView[]>;
  setVariable(
    app: string,
    name: string,
    variable: SetVariable,
    environment?: VariableEnvironment,
  ): Promise<VariableView>;
  /** All or none; answers those that were set. */
  setVariables(app: string, variables: SetVariables, environment?: VariableEnvironment): Promise<VariableView[]>;
  unsetVariable(app: string, name: string, environment?: VariableEnvironment): Promise<void>;
  /** When it was set and deleted, newest first; never what to. */
  variableVersions(app: string, name: string, environment?: VariableEnvironment): Promise<VariableVersionView[]>;
  /** What was set, and the tag that names this version of it. */
  settings(app: string): Promise<TaggedSettings>;
  /** A JSON merge patch. `ifMatch`: a tag, or `*` for whatever is there. Rejects with 412 when another version holds. */
  changeSettings(app: string, patch: Readonly<Record<string, unknown>>, ifMatch: string): Promise<TaggedSettings>;
  scale(app: string, replicas: number): Promise<TaggedSettings>;
  stop(app: string): Promise<AppView>;
  start(app: string): Promise<DeploymentView>;
  /** Hosts that were added, by name. */
  domains(app: string): Promise<DomainView[]>;
  /** Claims a host; `record` says which DNS record proves it, `file` which file does. */
  addDomain(app: string, host: string): Promise<DomainView>;
  /** Looks for the record, then for the file; the host is served once either was found. */
  verifyDomain(app: string, host: string): Promise<DomainView>;
  removeDomain(app: string, host: string): Promise<void>;
  /** How the app's private repository is opened: with a token, or with a deploy key that this makes. */
  setSourceCredential(app: string, credential: SetSourceCredential): Promise<SourceCredentialView>;
  sourceCredential(app: string): Promise<SourceCredentialView>;
  deleteSourceCredential(app: string): Promise<void>;
  /** SSH hosts that the farm has met, with their keys' fingerprints. */
  knownHosts(): Promise<KnownHostList['hosts']>;
  forgetKnownHost(host: string): Promise<void>;
  restart(app: string): Promise<DeploymentView>;
  rollback(app: string, to?: Rollback): Promise<DeploymentView>;
  /** Keeps the release that deployment `number` made whatever its age, or no longer. */
  pinRelease(app: string, number: number, pinned: boolean): Promise<AppView>;
  /** Lets pushes deploy again after a rollback, and what waits for a hold go on; of the environment with that id. */
  releaseHold(environment: string): Promise<EnvironmentView>;
  /** Makes a new webhook secret, which can't be asked for again; the one before stops counting. */
  renewWebhookSecret(app: string): Promise<WebhookSecret>;
  /** The last webhook deliveries, newest first. */
  deliveries(app: string): Promise<DeliveryView[]>;
  /** Sends a tar.gz; its `id` is what `deploy` takes as `upload`. */
  upload(app: string, archive: ReadableStream<Uint8Array>, options?: { signal?: AbortSignal }): Promise<UploadView>;
  /** Those that are kept, newest first. */
  uploads(app: string): Promise<UploadView[]>;
  deploy(app: string, request?: CreateDeployment): Promise<DeploymentView>;
  /** One page of an app's deployments, newest first; `before` is the earlier page's `next`. */
  deployments(app: string, page?: { before?: string | undefined; limit?: number | undefined }): Promise<DeploymentList>;
  /** The newest deployments of all apps. */
  recentDeployments(page?: { limit?: number | undefined }): Promise<DeploymentList>;
  deployment(id: string): Promise<DeploymentView>;
  /** A new deployment that tries an ended one again. */
  retry(id: string, request?: Retry): Promise<DeploymentView>;
  /** Answers at once; the deployment is `cancelled` when its processes are gone, a migration at its own end unless it is forced. */
  cancel(id: string, request?: Cancel): Promise<DeploymentView>;
  /** Log text in pieces as they come; a piece is not a line. */
  logs(id: string, options?: LogOptions): AsyncGenerator<string, void>;
  /** What an app's instances have printed. */
  outputEvents(
    app: string,
    options?: OutputOptions & { readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<OutputEvent, void>;
  /** The same with what they print from now on, over as many connections as it takes. Ends with the signal. */
  followOutput(app: string, options?: OutputOptions & TailOptions): AsyncGenerator<OutputEvent, void>;
  events(id: string, options?: TailOptions): AsyncGenerator<DeploymentEvent, void>;
  /** Also answers when the farm is not ready. */
  ready(): Promise<Readiness>;
  /** How full the disks of the hosts are. */
  disks(): Promise<DiskList>;
  /** The operator's, as are all that follow but the app's. */
  teams(): Promise<TeamView[]>;
  /** The token is shown this once. */
  createTeam(team: CreateTeam): Promise<NewTeamToken>;
  updateTeam(team: string, patch: UpdateTeam): Promise<TeamView>;
  /** The token before it counts no more. */
  renewTeamToken(team: string): Promise<NewTeamToken>;
  deleteTeam(team: string): Promise<void>;
  limits(): Promise<FarmLimits>;
  changeLimits(patch: FarmLimitsPatch): Promise<FarmLimits>;
  appLimits(app: string): Promise<AppLimits>;
  changeAppLimits(app: string, patch: OwnLimitsPatch): Promise<AppLimits>;
  /** Switchyard's own processes that are alive. */
  processes(): Promise<ProcessView[]>;
  /** Tells a process to take nothing new, to end in order, or to end at once; answers it as it was. */
  quietProcess(id: string): Promise<ProcessView>;
  drainProcess(id: string, request?: DrainRequest): Promise<ProcessView>;
  killProcess(id: string): Promise<ProcessView>;
  /** Trades the token for a cookie that the browser keeps and scripts can't read. */
  openSession(token: string): Promise<Session>;
  closeSession(): Promise<void>;
}

export interface TaggedSettings extends SettingsView {
  readonly etag: string;
}

export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);

  async function ask<Shape extends z.ZodType>(
    shape: Shape,
    path: string,
    request?: RequestOptions,
  ): Promise<z.infer<Shape>> {
    const response = await transport(path, request);
    return shape.parse(await response.json());
  }

  const appPath = (app: string): string => `/v1/apps/${encodeURIComponent(app)}`;
  const teamPath = (team: string): string => `/v1/teams/${encodeURIComponent(team)}`;
  const settingsPath = (app: string): string => `${appPath(app)}/settings`;

  async function askSettings(path: string, request?: RequestOptions): Promise<TaggedSettings> {
    const response = await transport(path, request);
    return { ...SettingsView.parse(await response.json()), etag: response.headers.get('etag') ?? '*' };
  }

  const variablesPath = (app: string, environment?: VariableEnvironment, name?: string): string =>
    `${appPath(app)}/variables${name === undefined ? '' : `/${encodeURIComponent(name)}`}${query({ environment })}`;
  const domainPath = (app: string, host: string): string => `${appPath(app)}/domains/${encodeURIComponent(host)}`;
  const processPath = (id: string): string => `/v1/processes/${encodeURIComponent(id)}`;
  const deploymentPath = (id: string): string => `/v1/deployments/${encodeURIComponent(id)}`;

  return {
    createApp: (app) => ask(AppView, '/v1/apps', { method: 'POST', body: app }),
    listApps: async () => (await ask(AppList, '/v1/apps')).apps,
    app: (app) => ask(AppView, appPath(app)),
    async deleteApp(app) {
      await transport(appPath(app), { method: 'DELETE' });
    },
    variables: async (app, environment) => (await ask(VariableList, variablesPath(app, environment))).variables,
    setVariable: (app, name, variable, environment) =>
      ask(VariableView, variablesPath(app, environment, name), { method: 'PUT', body: variable }),
    setVariables: async (app, variables, environment) =>
      (await ask(VariableList, variablesPath(app, environment), { method: 'PATCH', body: variables })).variables,
    async unsetVariable(app, name, environment) {
      await transport(variablesPath(app, environment, name), { method: 'DELETE' });
    },
    async variableVersions(app, name, environment) {
      const path = `${variablesPath(app, undefined, name)}/versions${query({ environment })}`;
      return (await ask(VariableVersionList, path)).versions;
    },
    domains: async (app) => (await ask(DomainList, `${appPath(app)}/domains`)).domains,
    addDomain: (app, host) => ask(DomainView, `${appPath(app)}/domains`, { method: 'POST', body: { host } }),
    verifyDomain: (app, host) => ask(DomainView, `${domainPath(app, host)}/verify`, { method: 'POST', body: {} }),
    async removeDomain(app, host) {
      await transport(domainPath(app, host), { method: 'DELETE' });
    },
    settings: (app) => askSettings(settingsPath(app)),
    changeSettings: (app, patch, ifMatch) =>
      askSettings(settingsPath(app), { method: 'PATCH', body: patch, headers: { 'if-match': ifMatch } }),
    scale: (app, replicas) => askSettings(`${appPath(app)}/scale`, { method: 'POST', body: { replicas } }),
    stop: (app) => ask(AppView, `${appPath(app)}/stop`, { method: 'POST', body: {} }),
    start: (app) => ask(DeploymentView, `${appPath(app)}/start`, { method: 'POST', body: {} }),
    setSourceCredential: (app, credential) =>
      ask(SourceCredentialView, `${appPath(app)}/source-credentials`, { method: 'PUT', body: credential }),
    sourceCredential: (app) => ask(SourceCredentialView, `${appPath(app)}/source-credentials`),
    async deleteSourceCredential(app) {
      await transport(`${appPath(app)}/source-credentials`, { method: 'DELETE' });
    },
    knownHosts: async () => (await ask(KnownHostList, '/v1/known-hosts')).hosts,
    async forgetKnownHost(host) {
      await transport(`/v1/known-hosts/${encodeURIComponent(host)}`, { method: 'DELETE' });
    },
    restart: (app) => ask(DeploymentView, `${appPath(app)}/restart`, { method: 'POST', body: {} }),
    rollback: (app, to = {}) => ask(DeploymentView, `${appPath(app)}/rollback`, { method: 'POST', body: to }),
    pinRelease: (app, number, pinned) =>
      ask(
        AppView,
        `${appPath(app)}/releases/${number}/pin`,
        pinned ? { method: 'PUT', body: {} } : { method: 'DELETE' },
      ),
    releaseHold: (environment) =>
      ask(EnvironmentView, `/v1/environments/${encodeURIComponent(environment)}/release`, { method: 'POST', body: {} }),
    renewWebhookSecret: (app) => ask(WebhookSecret, `${appPath(app)}/webhook-secret`, { method: 'POST', body: {} }),
    deliveries: async (app) => (await ask(DeliveryList, `${appPath(app)}/deliveries`)).deliveries,
    upload: (app, archive, { signal } = {}) =>
      ask(UploadView, `${appPath(app)}/uploads`, {
        method: 'POST',
        stream: archive,
        headers: { 'content-type': ARCHIVE_TYPE },
        signal,
      }),
    uploads: async (app) => (await ask(UploadList, `${appPath(app)}/uploads`)).uploads,
    deploy: (app, request = {}) =>
      ask(DeploymentView, `${appPath(app)}/deployments`, { method: 'POST', body: request }),
    deployments: (app, page = {}) => ask(DeploymentList, `${appPath(app)}/deployments${query(page)}`),
    recentDeployments: (page = {}) => ask(DeploymentList, `/v1/deployments${query(page)}`),
    deployment: (id) => ask(DeploymentView, deploymentPath(id)),
    retry: (id, request = {}) => ask(DeploymentView, `${deploymentPath(id)}/retry`, { method: 'POST', body: request }),
    cancel: (id, request = {}) =>
      ask(DeploymentView, `${deploymentPath(id)}/cancel`, { method: 'POST', body: request }),
    async *logs(id, { stage, follow, signal } = {}) {
      const path = `${deploymentPath(id)}/logs${query({ stage, follow: follow === true ? '1' : undefined })}`;
      yield* textOf(await transport(path, { headers: { accept: 'text/plain' }, signal }));
    },
    async *outputEvents(app, { signal, ...wanted } = {}) {
      const path = `${appPath(app)}/logs${query({ ...wanted })}`;
      const response = await transport(path, { headers: { accept: 'application/x-ndjson' }, signal });
      let rest = '';
      for await (const text of textOf(response)) {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) yield OutputEvent.parse(JSON.parse(line));
      }
    },
    followOutput(app, { after, signal, onConnection, ...wanted } = {}) {
      const kind = { shape: OutputEvent, isLast: () => false };
      return tailStream(transport, `${appPath(app)}/logs${query({ ...wanted })}`, kind, {
        after,
        signal,
        onConnection,
      });
    },
    events: (id, tail) => tailEvents(transport, `${deploymentPath(id)}/events`, tail),
    processes: async () => (await ask(ProcessList, '/v1/processes')).processes,
    quietProcess: (id) => ask(ProcessView, `${processPath(id)}/quiet`, { method: 'POST', body: {} }),
    drainProcess: (id, request = {}) => ask(ProcessView, `${processPath(id)}/drain`, { method: 'POST', body: request }),
    killProcess: (id) => ask(ProcessView, `${processPath(id)}/kill`, { method: 'POST', body: {} }),
    disks: () => ask(DiskList, '/v1/disks'),
    ready: () => ask(Readiness, '/readyz', { accept: [503] }),
    teams: async () => (await ask(TeamList, '/v1/teams')).teams,
    createTeam: (team) => ask(NewTeamToken, '/v1/teams', { method: 'POST', body: team }),
    updateTeam: (team, patch) => ask(TeamView, teamPath(team), { method: 'PATCH', body: patch }),
    renewTeamToken: (team) => ask(NewTeamToken, `${teamPath(team)}/token`, { method: 'POST', body: {} }),
    async deleteTeam(team) {
      await transport(teamPath(team), { method: 'DELETE' });
    },
    limits: () => ask(FarmLimits, '/v1/limits'),
    changeLimits: (patch) => ask(FarmLimits, '/v1/limits', { method: 'PATCH', body: patch }),
    appLimits: (app) => ask(AppLimits, `${appPath(app)}/limits`),
    changeAppLimits: (app, patch) => ask(AppLimits, `${appPath(app)}/limits`, { method: 'PATCH', body: patch }),
    openSession: (token) => ask(Session, '/v1/session', { method: 'POST', body: { token } }),
    async closeSession() {
      await transport('/v1/session', { method: 'DELETE' });
    },
  };
}

function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
}

import type { AppSummary, AppView, EnvironmentView } from '@switchyard/client';
import {
  type App,
  type DeploymentId,
  type Environment,
  EnvironmentId,
  type Release,
  type Route,
  replicasOf,
  SwitchyardError,
  type Team,
  type Weight,
} from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { ApiSettings } from './parts.ts';

/** Where an app answers. */
export function appUrl(host: string, settings: Pick<ApiSettings, 'routerPort'>): string {
  return `http://${host}${settings.routerPort === 80 ? '' : `:${settings.routerPort}`}`;
}

export function appHost(name: string, settings: Pick<ApiSettings, 'appsDomain'>): string {
  return `${name}.${settings.appsDomain}`;
}

/** The app of a path, or `app-not-found`. */
export async function requireApp(store: Store, nameOrId: string): Promise<App> {
  const app = await store.apps.find(nameOrId);
  if (app === null) throw new SwitchyardError('app-not-found', `There is no app ${JSON.stringify(nameOrId)}.`);
  return app;
}

/** The team of a path or a body, or `team-not-found`. */
export async function requireTeam(store: Store, nameOrId: string): Promise<Team> {
  const team = await store.teams.find(nameOrId);
  if (team === null) throw new SwitchyardError('team-not-found', `There is no team ${JSON.stringify(nameOrId)}.`);
  return team;
}

export async function requireProduction(store: Store, app: App): Promise<Environment> {
  const environment = (await store.apps.environments(app.id)).find(({ name }) => name === 'production');
  if (environment === undefined)
    throw new SwitchyardError('environment-not-found', `${app.name} has no production environment.`);
  return environment;
}

/** The environment of a path with the app that it is of, or `environment-not-found`. */
export async function requireEnvironment(
  store: Store,
  id: string,
): Promise<{ id: EnvironmentId; app: App; environment: Environment }> {
  const known = EnvironmentId.safeParse(id);
  const environment = known.success ? await store.apps.environment(known.data) : null;
  const app = environment === null ? null : await store.apps.find(environment.appId);
  if (environment === null || app === null)
    throw new SwitchyardError('environment-not-found', `There is no environment ${JSON.stringify(id)}.`);
  return { id: environment.id, app, environment };
}

export function viewEnvironment(
  app: Pick<App, 'name'>,
  { id, appId, name, gateHolder, hold }: Environment,
): EnvironmentView {
  return { id, appId, app: app.name, name, gateHolder, hold };
}

/** The share of a route that most visitors get; null where nothing is live. */
function mainWeight(route: Route | null): Weight | null {
  return (route?.weights ?? []).reduce<Weight | null>(
    (main, weight) => (weight.weight > (main?.weight ?? 0) ? weight : main),
    null,
  );
}

/** The release that most visitors get. */
export async function liveReleaseOf(store: Store, environmentId: EnvironmentId): Promise<Release | null> {
  const weight = mainWeight(await store.routing.route(environmentId));
  return weight === null ? null : await store.releases.get(weight.releaseId);
}

function liveView(weight: Weight | null, release: Release | null): AppSummary['live'] {
  if (weight === null || release === null) return null;
  const { deploymentId, weight: share } = weight;
  return {
    releaseId: release.id,
    deploymentId,
    number: release.number,
    commit: release.commit,
    liveAt: release.liveAt,
    weight: share,
  };
}

const namesOf = ({ id, teamId, name, repository, branch, createdAt }: App) => ({
  id,
  teamId,
  name,
  repository,
  branch,
  createdAt,
});

export async function viewApp(app: App, store: Store, settings: ApiSettings): Promise<AppView> {
  const environment = await requireProduction(store, app);
  const [environments, route, releases, desired, domains, appSettings] = await Promise.all([
    store.apps.environments(app.id),
    store.routing.route(environment.id),
    store.releases.list(environment.id),
    store.instances.ofEnvironment(environment.id),
    store.domains.list(environment.id),
    store.settings.get(app.id),
  ]);
  const weight = mainWeight(route);
  const live =
    weight === null
      ? null
      : (releases.find(({ id }) => id === weight.releaseId) ?? (await store.releases.get(weight.releaseId)));
  const deployments = new Set<DeploymentId>(desired.map(({ deploymentId }) => deploymentId));
  const observed = await Promise.all([...deployments].map((id) => store.instances.observed(id)));
  return {
    ...namesOf(app),
    url: appUrl(environment.hosts[0] ?? appHost(app.name, settings), settings),
    hosts: [...environment.hosts, ...domains.flatMap(({ host, verifiedAt }) => (verifiedAt === null ? [] : [host]))],
    live: liveView(weight, live),
    releases: rollbackTargets(releases, live).map(({ id, deploymentId, number, commit, liveAt, pinned = false }) => ({
      releaseId: id,
      deploymentId,
      number,
      commit,
      liveAt,
      pinned,
    })),
    instances: observed.flat().map(({ v: _v, outputTail: _outputTail, ...instance }) => instance),
    hold: environment.hold,
    environments: environments.map((one) => viewEnvironment(app, one)),
    replicas: replicasOf(appSettings?.values ?? {}),
    stoppedAt: route?.stopped?.at ?? null,
  };
}

/** Kept releases that were live before, most recently live first; without the one that is live now. */
export function rollbackTargets(releases: readonly Release[], live: Release | null): Release[] {
  return releases.filter(({ id, liveAt }) => liveAt !== null && id !== live?.id);
}

export async function summarizeApps(apps: readonly App[], store: Store, settings: ApiSettings): Promise<AppSummary[]> {
  const { routes } = await store.routing.table();
  return await Promise.all(
    apps.map(async (app) => {
      const route = routes.find(({ appId }) => appId === app.id) ?? null;
      const weight = mainWeight(route);
      const release = weight === null ? null : await store.releases.get(weight.releaseId);
      const host = route?.hosts[0] ?? appHost(app.name, settings);
      return {
        ...namesOf(app),
        url: appUrl(host, settings),
        live: liveView(weight, release),
        stoppedAt: route?.stopped?.at ?? null,
      };
    }),
  );
}

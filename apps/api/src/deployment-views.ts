import type { DeploymentSummary, DeploymentView } from '@switchyard/client';
import {
  type App,
  type AppId,
  type Deployment,
  DeploymentId,
  type Environment,
  type EnvironmentId,
  SwitchyardError,
  waitOf,
} from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { appHost, appUrl } from './app-views.ts';
import type { ApiParts, ApiSettings } from './parts.ts';

/** The deployment of a path, or `deployment-not-found`. */
export async function requireDeployment(store: Store, id: string): Promise<Deployment> {
  const known = DeploymentId.safeParse(id);
  const deployment = known.success ? await store.deployments.get(known.data) : null;
  if (deployment === null)
    throw new SwitchyardError('deployment-not-found', `There is no deployment ${JSON.stringify(id)}.`);
  return deployment;
}

interface Surroundings {
  readonly app: Pick<App, 'name'>;
  readonly environment: Pick<Environment, 'name' | 'hosts'>;
}

function view(
  deployment: Deployment,
  { app, environment }: Surroundings,
  settings: ApiSettings,
): Omit<DeploymentView, 'wait'> {
  const { v: _v, farmId: _farmId, sequence: _sequence, ...shown } = deployment;
  return {
    ...shown,
    app: app.name,
    environment: environment.name,
    url: appUrl(environment.hosts[0] ?? appHost(app.name, settings), settings),
    page: `${settings.publicUrl}/deployments/${deployment.id}`,
  };
}

/** Adds names and links. Apps and environments are read once per call, however many deployments name them. */
function surroundingsIn(store: Store): (deployment: Deployment) => Promise<Surroundings> {
  const apps = new Map<AppId, Promise<App | null>>();
  const environments = new Map<EnvironmentId, Promise<Environment | null>>();
  const once = <Key, Value>(known: Map<Key, Promise<Value>>, key: Key, read: () => Promise<Value>): Promise<Value> => {
    const value = known.get(key) ?? read();
    known.set(key, value);
    return value;
  };
  return async ({ appId, environmentId }) => {
    const [app, environment] = await Promise.all([
      once(apps, appId, () => store.apps.get(appId)),
      once(environments, environmentId, () => store.apps.environment(environmentId)),
    ]);
    // An app that is being deleted may lose its records while its last deployments are still read.
    return { app: app ?? { name: 'deleted' }, environment: environment ?? { name: 'deleted', hosts: [] } };
  };
}

export async function viewDeployment(
  deployment: Deployment,
  { store, settings, clock }: Pick<ApiParts, 'store' | 'settings' | 'clock'>,
): Promise<DeploymentView> {
  const [surroundings, facts] = await Promise.all([
    surroundingsIn(store)(deployment),
    deployment.waiting === null ? null : store.deployments.wait(deployment.id),
  ]);
  const wait = facts === null ? null : waitOf(facts, clock());
  return { ...view(deployment, surroundings, settings), wait };
}

export async function summarizeDeployments(
  deployments: readonly Deployment[],
  store: Store,
  settings: ApiSettings,
): Promise<DeploymentSummary[]> {
  const surroundings = surroundingsIn(store);
  return await Promise.all(
    deployments.map(async (deployment) => {
      const {
        plan: _plan,
        artifacts: _artifacts,
        stages,
        ...shown
      } = view(deployment, await surroundings(deployment), settings);
      return {
        ...shown,
        stages: stages.map(({ name, status, startedAt, endedAt }) => ({ name, status, startedAt, endedAt })),
      };
    }),
  );
}

import type { DeploymentId, EnvironmentId, InstanceId, Route, RouteId, RoutingTable } from '@switchyard/domain';

/** An instance that visitors may be sent to. */
export interface Backend {
  readonly instanceId: InstanceId;
  readonly host: string;
  readonly port: number;
}

/** A deployment's share of an environment's visitors. */
export interface Share {
  readonly deploymentId: DeploymentId;
  readonly weight: number;
  readonly backends: readonly Backend[];
}

export interface Destination {
  readonly environmentId: EnvironmentId;
  readonly appName: string;
  readonly shares: readonly Share[];
}

/** A routing table made ready for look-ups. */
export interface TableIndex {
  readonly byHost: ReadonlyMap<string, Destination>;
  /** What the router acknowledges. */
  readonly routeIds: ReadonlyMap<EnvironmentId, RouteId>;
  readonly backends: ReadonlyMap<InstanceId, Backend>;
}

export const EMPTY_TABLE: RoutingTable = { version: 0, routes: [], endpoints: [] };

export function indexTable({ routes, endpoints }: RoutingTable): TableIndex {
  const ready = new Map<DeploymentId, Backend[]>();
  for (const { deploymentId, instanceId, host, port, ready: isReady } of endpoints) {
    if (isReady) ready.set(deploymentId, [...(ready.get(deploymentId) ?? []), { instanceId, host, port }]);
  }
  const byHost = new Map<string, Destination>();
  const backends = new Map<InstanceId, Backend>();
  for (const { environmentId, appName, hosts, weights } of routes) {
    const shares = weights
      .filter(({ weight }) => weight > 0)
      .map(({ deploymentId, weight }) => ({ deploymentId, weight, backends: ready.get(deploymentId) ?? [] }));
    for (const host of hosts) byHost.set(host.toLowerCase(), { environmentId, appName, shares });
    for (const share of shares) for (const backend of share.backends) backends.set(backend.instanceId, backend);
  }
  return { byHost, routeIds: new Map(routes.map((route) => [route.environmentId, route.id])), backends };
}

/** `Hello.localhost:7080` → `hello.localhost`; null where a request names none. */
export function hostName(header: string | undefined): string | null {
  if (header === undefined || header === '') return null;
  const end = header.startsWith('[') ? header.indexOf(']') + 1 : header.indexOf(':');
  const name = (end > 0 ? header.slice(0, end) : header).toLowerCase();
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/**
 * What to serve after Redis lost its records: its own table, and of the one served before whatever it knows nothing of, so that a lost
 * Redis does not become an outage. A host that Redis knows again is Redis'.
 */
export function keepWhatWasLost(before: RoutingTable, now: RoutingTable): RoutingTable {
  const known = new Set(now.routes.map(({ environmentId }) => environmentId));
  const taken = new Set(now.routes.flatMap(({ hosts }) => hosts.map((host) => host.toLowerCase())));
  const isLost = ({ environmentId, hosts }: Route): boolean =>
    !known.has(environmentId) && !hosts.some((host) => taken.has(host.toLowerCase()));
  const lost = before.routes.filter(isLost);
  const environments = new Set(lost.map(({ environmentId }) => environmentId));
  const endpoints = before.endpoints.filter(({ environmentId }) => environments.has(environmentId));
  return { version: now.version, routes: [...now.routes, ...lost], endpoints: [...now.endpoints, ...endpoints] };
}

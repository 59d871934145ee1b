import type {
  DeploymentId,
  Endpoint,
  EnvironmentId,
  InstanceId,
  Route,
  RouteId,
  RoutingTable,
} from '@switchyard/domain';

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
  /** Nothing of it runs on purpose. */
  readonly isStopped: boolean;
  readonly shares: readonly Share[];
}

/** A routing table made ready for look-ups. */
export interface TableIndex {
  readonly byHost: ReadonlyMap<string, Destination>;
  /** What the router acknowledges. */
  readonly routeIds: ReadonlyMap<EnvironmentId, RouteId>;
  readonly backends: ReadonlyMap<InstanceId, Backend>;
}

export const EMPTY_TABLE: RoutingTable = { farm: null, version: 0, routes: [], endpoints: [] };

export function indexTable({ routes, endpoints }: RoutingTable): TableIndex {
  const ready = new Map<DeploymentId, Backend[]>();
  for (const { deploymentId, instanceId, host, port, ready: isReady } of endpoints) {
    if (isReady) ready.set(deploymentId, [...(ready.get(deploymentId) ?? []), { instanceId, host, port }]);
  }
  const byHost = new Map<string, Destination>();
  const backends = new Map<InstanceId, Backend>();
  for (const { environmentId, appName, hosts, weights, stopped } of routes) {
    const shares = weights
      .filter(({ weight }) => weight > 0)
      .map(({ deploymentId, weight }) => ({ deploymentId, weight, backends: ready.get(deploymentId) ?? [] }));
    for (const host of hosts)
      byHost.set(host.toLowerCase(), { environmentId, appName, isStopped: stopped !== undefined, shares });
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

/** The table as Redis last had it, and what is served besides: from before Redis lost its records. */
export interface KeptTables {
  readonly table: RoutingTable;
  readonly inherited: RoutingTable;
}

export const NO_TABLES: KeptTables = { table: EMPTY_TABLE, inherited: EMPTY_TABLE };

/**
 * What to go on with when Redis has `found`. `lost`: these are not the successors of the records known so far (Redis is empty, older, or
 * was filled anew), so what was served goes on being served wherever the new records say nothing of it. null: nothing has changed.
 */
export function adoptTable(kept: KeptTables, found: RoutingTable): (KeptTables & { readonly lost: boolean }) | null {
  const { table, inherited } = kept;
  const isSameFarm = table.farm?.id === found.farm?.id && table.farm?.epoch === found.farm?.epoch;
  if (isSameFarm && table.version === found.version) return null;
  // A farm that appears where none was known is the first word on it, not a loss.
  const lost = found.version < table.version || (table.farm !== null && !isSameFarm);
  return { table: found, inherited: lost ? keepWhatWasLost(inherited, table) : inherited, lost };
}

const addressOf = ({ host, port }: Pick<Endpoint, 'host' | 'port'>): string => `${host} ${port}`;

/**
 * What to serve after Redis lost its records: its own table, and of the one served before whatever it knows nothing of, so that a lost
 * Redis does not become an outage. An environment, a host or an address that Redis knows again is Redis': an address least of all may be
 * kept from before, since another app may have it now.
 */
export function keepWhatWasLost(before: RoutingTable, now: RoutingTable): RoutingTable {
  const known = new Set(now.routes.map(({ environmentId }) => environmentId));
  const taken = new Set(now.routes.flatMap(({ hosts }) => hosts.map((host) => host.toLowerCase())));
  const addresses = new Set(now.endpoints.map(addressOf));
  const instances = new Set(now.endpoints.map(({ instanceId }) => instanceId));
  const lost = before.routes.flatMap((route): Route[] => {
    if (known.has(route.environmentId)) return [];
    const hosts = route.hosts.filter((host) => !taken.has(host.toLowerCase()));
    return hosts.length === 0 ? [] : [{ ...route, hosts }];
  });
  const environments = new Set(lost.map(({ environmentId }) => environmentId));
  const endpoints = before.endpoints.filter(
    (endpoint) =>
      environments.has(endpoint.environmentId) &&
      !instances.has(endpoint.instanceId) &&
      !addresses.has(addressOf(endpoint)),
  );
  return { ...now, routes: [...now.routes, ...lost], endpoints: [...now.endpoints, ...endpoints] };
}

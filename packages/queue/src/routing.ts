import { Endpoint, Farm, LIMITS, ProcessId, Route } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import type { RoutingRecords } from './store.ts';

/** A router that was lost makes drains unsure for as long as its connections could matter. */
const LOST_ROUTER_MATTERS_MS = LIMITS.drainTimeoutMs * 2;
const FORGET_ROUTER_MS = 3_600_000;

const FarmIdentity = Farm.pick({ id: true, epoch: true });

export function routingRecords({ redis, keys, run, subscriptions, clock, ids }: StoreContext): RoutingRecords {
  async function aliveRouters(): Promise<ProcessId[]> {
    const members = await redis.zrangebyscore(keys.processes('router'), clock() - LIMITS.processGoneMs, '+inf');
    return members.map((id) => ProcessId.parse(id));
  }

  async function route(id: `env_${string}`): Promise<Route | null> {
    const document = await redis.hget(keys.routes, id);
    return document === null ? null : Route.parse(JSON.parse(document));
  }

  const changed = () => redis.multi().incr(keys.tableVersion).publish(keys.tableChannel, '');

  return {
    route,

    async table() {
      const answer = await redis
        .multi()
        .get(keys.farm)
        .get(keys.tableVersion)
        .hvals(keys.routes)
        .hvals(keys.endpoints)
        .hgetall(keys.servedHosts)
        .exec();
      const [farm, version, routes, endpoints, served] = z
        .tuple([
          z.string().nullable(),
          z.string().nullable(),
          z.array(z.string()),
          z.array(z.string()),
          z.record(z.string(), z.string()),
        ])
        .parse(
          (answer ?? []).map(([error, value]) => {
            if (error !== null) throw error;
            return value;
          }),
        );
      const hosts = hostsByEnvironment(served);
      return {
        farm: farm === null ? null : FarmIdentity.parse(JSON.parse(farm)),
        version: Number(version ?? 0),
        routes: routes.map((document) => withServedHosts(Route.parse(JSON.parse(document)), hosts)),
        endpoints: endpoints.map((document) => Endpoint.parse(JSON.parse(document))),
      };
    },

    onChange(listener) {
      return subscriptions.hint(keys.tableChannel, () => listener());
    },

    async putEndpoint(endpoint) {
      await run('putEndpoint', clock(), endpoint.instanceId, JSON.stringify(endpoint));
    },

    async removeEndpoint(id) {
      // One step, and told even where there was none: a runner that died in between would leave routers with a dead address.
      await changed().hdel(keys.endpoints, id).exec();
    },

    async stop(id) {
      return z.enum(['stopped', 'nothing-live']).parse(await run('stop', clock(), id, ids('route')));
    },

    async acknowledge(processId, { routes, inFlight }) {
      const acknowledged = keys.acknowledged(processId);
      const counts = keys.inFlight(processId);
      const report = redis.multi().del(acknowledged, counts);
      if (routes.size > 0) report.hset(acknowledged, Object.fromEntries(routes));
      if (inFlight.size > 0) report.hset(counts, Object.fromEntries(inFlight));
      // What a router says of itself goes when it has long been gone.
      report.pexpire(acknowledged, FORGET_ROUTER_MS).pexpire(counts, FORGET_ROUTER_MS);
      await report.publish(keys.acknowledgeChannel, '').exec();
    },

    async acknowledgement(environmentId, routeId) {
      const alive = await aliveRouters();
      const seen = await Promise.all(alive.map((id) => redis.hget(keys.acknowledged(id), environmentId)));
      return { alive: alive.length, pending: alive.filter((_, index) => seen[index] !== routeId) };
    },

    onAcknowledge(listener) {
      return subscriptions.hint(keys.acknowledgeChannel, () => listener());
    },

    async fence(processId) {
      // Gone rather than never there: what is in flight at it goes on prolonging drains.
      await redis.zadd(keys.processes('router'), 'XX', clock() - LIMITS.processGoneMs - 1, processId);
    },

    async inFlight({ id, environmentId }) {
      const now = clock();
      const routers = await redis.zrangebyscore(
        keys.processes('router'),
        now - LOST_ROUTER_MATTERS_MS,
        '+inf',
        'WITHSCORES',
      );
      const current = await route(environmentId);
      let count = 0;
      let unsure = false;
      for (let index = 0; index + 1 < routers.length; index += 2) {
        const router = ProcessId.parse(routers[index]);
        if (Number(routers[index + 1]) < now - LIMITS.processGoneMs) {
          unsure = true;
          continue;
        }
        const [acknowledged, requests] = await Promise.all([
          redis.hget(keys.acknowledged(router), environmentId),
          redis.hget(keys.inFlight(router), id),
        ]);
        if (current !== null && acknowledged !== current.id) unsure = true;
        count += Number(requests ?? 0);
      }
      return { count, unsure };
    },
  };
}

/**
 * Verified hosts stand beside the routes and not in them: they come and go while a switch is under way, and neither undoes the other.
 */
function hostsByEnvironment(served: Readonly<Record<string, string>>): ReadonlyMap<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const [host, id] of Object.entries(served)) hosts.set(id, [...(hosts.get(id) ?? []), host]);
  return hosts;
}

function withServedHosts(route: Route, hosts: ReadonlyMap<string, string[]>): Route {
  const own = hosts.get(route.environmentId);
  return own === undefined ? route : { ...route, hosts: [...route.hosts, ...own] };
}

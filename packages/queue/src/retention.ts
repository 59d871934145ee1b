import {
  AppId,
  DeploymentId,
  EnvironmentId,
  LIMITS,
  mayForget,
  type RetentionFacts,
  Route,
  retentionOf,
} from '@switchyard/domain';
import { z } from 'zod';
import { SETTINGS_FIELDS, settingsOfFields } from './app-settings.ts';
import type { StoreContext } from './context.ts';
import { deploymentOfHash } from './deployment-record.ts';
import { forgetting } from './forgetting.ts';
import { releaseRecords } from './releases.ts';
import type { DeploymentRecords } from './store.ts';

/** How many of an app's oldest deployments one look reads. */
const LOOK = 50;

/** What may go of the records of deployments, an app at a time. */
export function retentionOfRecords(context: StoreContext): Pick<DeploymentRecords, 'pastRetention' | 'forget'> {
  const { redis, keys, clock } = context;
  const releases = releaseRecords(context);

  async function someApp(): Promise<AppId | null> {
    const names = z.array(z.string()).parse(await redis.hrandfield(keys.appNames, 1));
    const [name] = names;
    return name === undefined ? null : AppId.nullable().parse(await redis.hget(keys.appNames, name));
  }

  /** What speaks against forgetting any of an app's deployments. */
  async function factsOf(app: AppId, candidates: readonly DeploymentId[], ageMs: number): Promise<RetentionFacts> {
    const environments = z.array(EnvironmentId).parse(await redis.smembers(keys.environmentsOf(app)));
    const kept = await Promise.all(environments.map((id) => releases.list(id)));
    const routes = await Promise.all(environments.map((id) => redis.hget(keys.routes, id)));
    const running = new Set<DeploymentId>();
    for (const id of candidates) {
      const [wanted, seen] = await Promise.all([redis.scard(keys.instancesOf(id)), redis.scard(keys.observedOf(id))]);
      if (wanted + seen > 0) running.add(id);
    }
    return {
      released: new Set(kept.flat().map(({ deploymentId }) => deploymentId)),
      routes: routes.flatMap((document) => (document === null ? [] : [Route.parse(JSON.parse(document))])),
      running,
      now: clock(),
      ageMs,
    };
  }

  return {
    async pastRetention() {
      const app = await someApp();
      const settings = app === null ? null : settingsOfFields(await redis.hmget(keys.app(app), ...SETTINGS_FIELDS));
      if (app === null || settings === null) return [];
      const { deployments, ageMs } = retentionOf(settings.values);
      const excess = (await redis.zcard(keys.deploymentsOf(app))) - deployments;
      if (excess <= 0) return [];
      const oldest = await redis.zrange(keys.deploymentsOf(app), 0, String(Math.min(excess, LOOK) - 1));
      const candidates = z.array(DeploymentId).parse(oldest);
      const facts = await factsOf(app, candidates, ageMs);
      const records = await Promise.all(candidates.map((id) => redis.hgetall(keys.deployment(id))));
      return records
        .filter((hash) => hash['id'] !== undefined)
        .map(deploymentOfHash)
        .filter((deployment) => mayForget(deployment, facts))
        .map(({ id }) => id)
        .slice(0, LIMITS.maxSweepRemovals);
    },

    async forget(id) {
      const app = AppId.safeParse(await redis.hget(keys.deployment(id), 'appId'));
      const doomed = forgetting(context, redis.multi(), id);
      if (app.success) doomed.zrem(keys.deploymentsOf(app.data), id);
      await doomed.exec();
    },
  };
}

import {
  App,
  AppId,
  AppName,
  DEFAULT_TEAM,
  DeploymentId,
  Environment,
  EnvironmentId,
  Hold,
  LIMITS,
  ReleaseId,
  SwitchyardError,
} from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import { forgetting } from './forgetting.ts';
import type { AppRecords, Chain } from './store.ts';

/** The stored document; `deleting`, `gateHolder` and `hold` are fields of their own, since scripts write them. */
const AppDocument = App.omit({ deleting: true });
const EnvironmentDocument = Environment.omit({ gateHolder: true, hold: true });

export function appOf(document: string, deleting: boolean): App {
  return { ...AppDocument.parse(JSON.parse(document)), deleting };
}

export function appDocumentOf(app: App): string {
  return JSON.stringify(AppDocument.parse(app));
}

export function environmentOfHash(hash: Record<string, string>): Environment {
  const { doc = 'null', gateHolder = '', hold = '' } = hash;
  return Environment.parse({
    ...EnvironmentDocument.parse(JSON.parse(doc)),
    gateHolder: gateHolder === '' ? null : gateHolder,
    hold: hold === '' ? null : Hold.parse(JSON.parse(hold)),
  });
}

export function appRecords({ redis, keys, run, clock, ids }: StoreContext, chain: Pick<Chain, 'cancel'>): AppRecords {
  async function get(id: AppId): Promise<App | null> {
    const [document, deleting] = await redis.hmget(keys.app(id), 'doc', 'deleting');
    return document === null || document === undefined ? null : appOf(document, deleting === '1');
  }

  async function environment(id: EnvironmentId): Promise<Environment | null> {
    const hash = await redis.hgetall(keys.environment(id));
    return hash['doc'] === undefined ? null : environmentOfHash(hash);
  }

  return {
    get,
    environment,

    async create({ teamId, name, repository, branch, hosts }) {
      const createdAt = clock();
      const app: App = {
        v: 1,
        id: ids('app'),
        teamId,
        name: AppName.parse(name),
        repository,
        branch,
        createdAt,
        deleting: false,
      };
      const production: Environment = {
        v: 1,
        id: ids('env'),
        teamId,
        appId: app.id,
        name: 'production',
        hosts: [...hosts],
        gateHolder: null,
        hold: null,
        createdAt,
      };
      const answer = await run(
        'createApp',
        createdAt,
        LIMITS.maxApps,
        app.name,
        app.id,
        appDocumentOf(app),
        production.id,
        JSON.stringify(EnvironmentDocument.parse(production)),
        teamId,
        teamId === DEFAULT_TEAM ? '' : '1',
      );
      if (answer === 'app-exists')
        throw new SwitchyardError('app-exists', `There is an app named ${name} already. Choose another name.`);
      if (answer === 'team-not-found') throw new SwitchyardError('team-not-found', `There is no team ${teamId}.`);
      if (answer === 'too-many-apps') {
        throw new SwitchyardError(
          'too-many-apps',
          `This farm has ${LIMITS.maxApps} apps, which is the most. Delete one first.`,
        );
      }
      return { app, environment: production };
    },

    async find(nameOrId) {
      const byName = await redis.hget(keys.appNames, nameOrId);
      const id = AppId.safeParse(byName ?? nameOrId);
      const app = id.success ? await get(id.data) : null;
      return app === null || app.deleting ? null : app;
    },

    async list() {
      const names = await redis.hgetall(keys.appNames);
      const apps = await Promise.all(Object.values(names).map((id) => get(AppId.parse(id))));
      return apps.filter((app) => app !== null).sort((a, b) => a.name.localeCompare(b.name));
    },

    async environments(appId) {
      const members = await redis.smembers(keys.environmentsOf(appId));
      const found = await Promise.all(members.map((id) => environment(EnvironmentId.parse(id))));
      return found.filter((item) => item !== null).sort((a, b) => a.createdAt - b.createdAt);
    },

    async remove(id) {
      const unfinished = z.array(DeploymentId).parse(await run('removeApp', clock(), id));
      for (const deployment of unfinished) await chain.cancel(deployment);
    },
  };
}

/** Whose records are gone. */
export interface Purged {
  readonly deployments: readonly DeploymentId[];
  readonly environments: readonly EnvironmentId[];
}

/** Removes everything that is kept of an app whose deployments have all ended; answers what, or null while some have not. */
export async function purgeApp({ redis, keys, run, clock }: StoreContext, id: AppId): Promise<Purged | null> {
  if ((await redis.scard(keys.unfinishedOfApp(id))) > 0) return null;
  const deployments = z.array(DeploymentId).parse(await redis.zrange(keys.deploymentsOf(id), 0, '-1'));
  const environments = z.array(EnvironmentId).parse(await redis.smembers(keys.environmentsOf(id)));
  const releases = z
    .array(z.array(ReleaseId))
    .parse(await Promise.all(environments.map((item) => redis.zrange(keys.releasesOf(item), 0, '-1'))));
  const doomed = redis.multi();
  for (const item of deployments) {
    forgetting({ keys }, doomed, item);
  }
  for (const item of releases.flat()) doomed.del(keys.release(item));
  for (const item of environments) {
    doomed.del(
      keys.environment(item),
      keys.variables(item),
      keys.variableVersions(item),
      keys.releasesOf(item),
      keys.instancesOfEnvironment(item),
      keys.unfinishedOf(item),
    );
  }
  doomed.del(
    keys.app(id),
    keys.variables(id),
    keys.variableVersions(id),
    keys.deliveriesOf(id),
    keys.uploadsOf(id),
    keys.usedUploadsOf(id),
    keys.deploymentsOf(id),
    keys.environmentsOf(id),
    keys.unfinishedOfApp(id),
  );
  doomed.srem(keys.deletingApps, id);
  await doomed.exec();
  // After the environment's record: without it no output is taken any more.
  for (const item of environments) await run('forgetOutput', clock(), item);
  return { deployments, environments };
}

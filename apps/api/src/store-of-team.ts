import type { TeamId } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';

/**
 * The store as a team's token shows it. Every operation comes to what it reads and changes through an app, an environment or a deployment
 * that it has found here; those of other teams are not there, so nothing that belongs to them is either.
 */
export function storeOfTeam(store: Store, team: TeamId): Store {
  const isOwn = ({ teamId }: { readonly teamId: TeamId }): boolean => teamId === team;
  const own = <Found extends { readonly teamId: TeamId }>(found: Found | null): Found | null =>
    found !== null && isOwn(found) ? found : null;
  const { apps, deployments, releases } = store;
  return {
    ...store,
    apps: {
      ...apps,
      find: async (nameOrId) => own(await apps.find(nameOrId)),
      get: async (id) => own(await apps.get(id)),
      list: async () => (await apps.list()).filter(isOwn),
      environments: async (id) => (await apps.environments(id)).filter(isOwn),
      environment: async (id) => own(await apps.environment(id)),
    },
    deployments: {
      ...deployments,
      get: async (id) => own(await deployments.get(id)),
      listOfApp: async (id, page) => (await deployments.listOfApp(id, page)).filter(isOwn),
      listRecent: async (limit) => await deployments.listRecent(limit, team),
    },
    releases: {
      ...releases,
      get: async (id) => own(await releases.get(id)),
      list: async (id) => (await releases.list(id)).filter(isOwn),
    },
  };
}

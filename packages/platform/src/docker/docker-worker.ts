import { SwitchyardError } from '@switchyard/domain';
import type { ContainerInfo } from 'dockerode';
import { isInside } from '../local/file-tree.ts';
import type { RunRequest, WorkerPlatform } from '../platform.ts';
import { archiveOfTree } from './archive.ts';
import type { DockerHost } from './docker-host.ts';
import { withEngine } from './engine-errors.ts';
import { type ContainerRole, LABEL } from './names.ts';
import { makeRelease } from './release.ts';
import { runStage } from './stage-run.ts';
import { existsIn } from './tree-assembly.ts';
import { removeContainer } from './work-container.ts';

/** A container without a deployment is the work of one call; one this old was left by a process that died. */
const ORPHAN_AGE_MS = 60 * 60_000;

const OWN_ROLES: ReadonlySet<string> = new Set<ContainerRole>(['stage', 'view', 'tool']);

export function openDockerWorker(host: DockerHost): WorkerPlatform {
  const { engine, owner, snapshots } = host;

  /** The containers of stages and of single calls; an instance is the runner's. */
  async function ownContainers(): Promise<ContainerInfo[]> {
    const filters = { label: [`${LABEL.farm}=${owner.farmId}`] };
    const all = await engine.listContainers({ all: true, filters });
    return all.filter(({ Labels }) => OWN_ROLES.has(Labels[LABEL.role] ?? ''));
  }

  async function discardAttempts(deploymentId: string, belowToken: number): Promise<void> {
    const before = (Date.now() - ORPHAN_AGE_MS) / 1000;
    const goes = (await ownContainers()).filter(({ Labels, Created }) => {
      if (Labels[LABEL.deployment] === '') return Created < before;
      return Labels[LABEL.deployment] === deploymentId && Number(Labels[LABEL.token]) < belowToken;
    });
    await Promise.all(goes.map(({ Id }) => removeContainer(engine.getContainer(Id))));
  }

  /** Deployments that have containers, by when their oldest was made. */
  async function workspaces(): Promise<{ deploymentId: string; createdAt: number }[]> {
    const oldest = new Map<string, number>();
    for (const { Labels, Created } of await ownContainers()) {
      const deploymentId = Labels[LABEL.deployment] ?? '';
      if (deploymentId === '') continue;
      oldest.set(deploymentId, Math.min(oldest.get(deploymentId) ?? Number.POSITIVE_INFINITY, Created * 1000));
    }
    return [...oldest]
      .map(([deploymentId, createdAt]) => ({ deploymentId, createdAt }))
      .toSorted((one, other) => one.createdAt - other.createdAt);
  }

  function checkRoot({ root }: RunRequest): void {
    if (isInside(root)) return;
    throw new SwitchyardError('invalid-settings', `The root ${root} is not a directory inside the repository.`);
  }

  return {
    find: (key) => withEngine('looking a file tree up', () => snapshots.find(key)),
    importTree: ({ directory, publish }) =>
      withEngine('keeping the source', async () => {
        const present = await snapshots.find(publish);
        return present ?? (await snapshots.import(publish, archiveOfTree(directory, ['.git'])));
      }),
    async run(request) {
      checkRoot(request);
      return await withEngine('running a stage’s commands', () => runStage(host, request));
    },
    prepare: (toolchain, options) =>
      withEngine('preparing a toolchain', async () => {
        const { description, target } = await host.toolchains.resolve(toolchain, options);
        return { description, target };
      }),
    makeRelease: (request) => withEngine('making the release', () => makeRelease(host, request)),
    exists: (snapshot, path) =>
      withEngine('looking into a file tree', async () => {
        const { id } = await snapshots.open(snapshot);
        return isInside(path) && (await existsIn(engine, owner, id, path));
      }),
    discardAttempts: (deploymentId, belowToken) =>
      withEngine('ending an earlier attempt', () => discardAttempts(deploymentId, belowToken)),
    listWorkspaces: () => withEngine('listing containers', workspaces),
    listSnapshots: () => withEngine('listing file trees', () => snapshots.list()),
    removeSnapshot: (key, unless) => withEngine('removing a file tree', () => snapshots.remove(key, unless)),
  };
}

import { SwitchyardError } from '@switchyard/domain';
import { isInside } from '../local/file-tree.ts';
import type { RunRequest, WorkerPlatform } from '../platform.ts';
import { archiveOfTree } from './archive.ts';
import type { DockerHost } from './docker-host.ts';
import { withEngine } from './engine-errors.ts';
import { LABEL } from './names.ts';
import { makeRelease } from './release.ts';
import { runStage } from './stage-run.ts';
import { existsIn } from './tree-assembly.ts';
import { removeContainer } from './work-container.ts';

/** A container without a deployment is the work of one call; one this old was left by a process that died. */
const ORPHAN_AGE_MS = 60 * 60_000;

export function openDockerWorker(host: DockerHost): WorkerPlatform {
  const { engine, owner, snapshots } = host;

  async function containersOf(role: 'stage' | 'view' | 'tool', deploymentId?: string) {
    const label = [`${LABEL.farm}=${owner.farmId}`, `${LABEL.role}=${role}`];
    if (deploymentId !== undefined) label.push(`${LABEL.deployment}=${deploymentId}`);
    return await engine.listContainers({ all: true, filters: { label } });
  }

  async function removeOrphans(): Promise<void> {
    const before = (Date.now() - ORPHAN_AGE_MS) / 1000;
    const unowned = [...(await containersOf('view', '')), ...(await containersOf('tool', ''))];
    for (const { Id, Created } of unowned) if (Created < before) await removeContainer(engine.getContainer(Id));
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
      withEngine('ending an earlier attempt', async () => {
        const found = [...(await containersOf('stage', deploymentId)), ...(await containersOf('view', deploymentId))];
        const earlier = found.filter(({ Labels }) => Number(Labels[LABEL.token]) < belowToken);
        await Promise.all(earlier.map(({ Id }) => removeContainer(engine.getContainer(Id))));
        await removeOrphans();
      }),
    listWorkspaces: () =>
      withEngine('listing containers', async () => {
        const oldest = new Map<string, number>();
        for (const { Labels, Created } of [...(await containersOf('stage')), ...(await containersOf('view'))]) {
          const deploymentId = Labels[LABEL.deployment];
          if (deploymentId === undefined || deploymentId === '') continue;
          oldest.set(deploymentId, Math.min(oldest.get(deploymentId) ?? Number.POSITIVE_INFINITY, Created * 1000));
        }
        return [...oldest]
          .map(([deploymentId, createdAt]) => ({ deploymentId, createdAt }))
          .toSorted((one, other) => one.createdAt - other.createdAt);
      }),
    listSnapshots: () => withEngine('listing file trees', () => snapshots.list()),
    removeSnapshot: (key) => withEngine('removing a file tree', () => snapshots.remove(key)),
  };
}

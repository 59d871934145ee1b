import type { Plan, SnapshotRef } from '@switchyard/domain';
import type { WorkerPlatform } from '../platform.ts';
import { archiveOfFiles } from './archive.ts';
import { quote } from './container-scripts.ts';
import { foreignLabels, viewContainer } from './container-spec.ts';
import type { DockerHost } from './docker-host.ts';
import { startChanges } from './image-changes.ts';
import { LABEL, PLACES, USER } from './names.ts';
import { STATIC_SERVER, staticServerFiles } from './static-server-files.ts';
import { openLayers, planAssembly, putOver } from './tree-assembly.ts';
import { removeContainer } from './work-container.ts';

/** What `sh -c` runs to start a release; PORT says where. */
export function startCommand(start: Plan['start']): string {
  if (start.kind === 'command') return start.command;
  const spa = start.spa ? ' --spa' : '';
  return `exec node ${STATIC_SERVER} ${quote(start.directory)} 0.0.0.0 "$PORT"${spa}`;
}

/** An image that starts by itself, of a build's tree on its base. */
export async function makeRelease(
  host: DockerHost,
  request: Parameters<WorkerPlatform['makeRelease']>[0],
): Promise<SnapshotRef> {
  const { engine, owner, snapshots } = host;
  const { attempt, plan } = request;
  const toolchain = await host.toolchains.resolve(
    { runtime: plan.runtime, packageManager: plan.packageManager },
    request,
  );
  const assembly = planAssembly(await openLayers(snapshots, [{ snapshot: request.build }]), toolchain.base.id);
  const container = await engine.createContainer(
    viewContainer({ owner, attempt, image: assembly.image, hidden: toolchain.base.hidden }),
  );
  try {
    await putOver(engine, container, assembly, { owner, attempt, signal: request.signal });
    if (plan.start.kind === 'static') {
      await container.putArchive(archiveOfFiles(await staticServerFiles()), { path: '/' });
    }
    return await snapshots.commit(request.publish, container, {
      labels: { ...foreignLabels(request.labels), [LABEL.base]: toolchain.base.id, [LABEL.path]: toolchain.path },
      signal: request.signal,
      changes: startChanges({
        user: USER,
        workingDirectory: plan.root === '.' ? PLACES.tree : `${PLACES.tree}/${plan.root}`,
        command: ['/bin/sh', '-c', startCommand(plan.start)],
      }),
    });
  } finally {
    await removeContainer(container);
  }
}

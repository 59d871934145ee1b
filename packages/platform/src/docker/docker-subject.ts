import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Subject, unique } from '../conformance/subject.ts';
import type { Platform, PlatformOptions } from '../platform.ts';
import { openEngine } from './engine.ts';
import { unlessGone } from './engine-errors.ts';
import { LABEL } from './names.ts';
import { removeContainer } from './work-container.ts';

/** The docker platform under a farm of its own, with everything of that farm removed at the end. */
export async function openDockerSubject(
  open: (options: PlatformOptions) => Promise<Platform>,
  wish: Partial<PlatformOptions> = {},
): Promise<Subject & { readonly options: PlatformOptions }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'docker-platform-'));
  const options: PlatformOptions = {
    kind: 'docker',
    farmId: `farm_${unique()}`,
    epoch: 1,
    hostId: 'host_conformance',
    dataDir,
    extraCaCerts: null,
    dockerNetwork: null,
    allowFileRepositories: false,
    announce: () => {},
    ...wish,
  };
  const platform = await open(options);
  await platform.check();
  return {
    platform,
    farmId: options.farmId,
    options,
    async close() {
      await platform.close();
      await removeFarm(options.farmId);
      await rm(dataDir, { recursive: true });
    },
  };
}

/** Whatever in the engine carries the farm's label. */
async function removeFarm(farmId: string): Promise<void> {
  const engine = openEngine();
  const filters = { label: [`${LABEL.farm}=${farmId}`] };
  const containers = await engine.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => removeContainer(engine.getContainer(Id))));
  // One that others lie on goes with them or after them.
  for (
    let images = await engine.listImages({ filters });
    images.length > 0;
    images = await engine.listImages({ filters })
  ) {
    for (const { Id } of images) await unlessGone(engine.getImage(Id).remove({ force: true }));
  }
  const { Volumes } = await engine.listVolumes({ filters: JSON.stringify(filters) });
  await Promise.all(Volumes.map(({ Name }) => engine.getVolume(Name).remove()));
}

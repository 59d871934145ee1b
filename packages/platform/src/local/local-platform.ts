import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import type { Platform, PlatformOptions } from '../platform.ts';
import { certificateVariables, makeCertificates } from './certificates.ts';
import { findGuard, findProgram, type Guard } from './guard.ts';
import { hostDownloads } from './home-directory.ts';
import { removeLeftovers } from './leftovers.ts';
import type { LocalHost } from './local-host.ts';
import { openLocalRunner } from './local-runner.ts';
import { openLocalWorker } from './local-worker.ts';
import type { ResourceControl } from './resources/enclosure.ts';
import { findResourceControl, weaknessOf } from './resources/find-control.ts';
import { openSnapshotStore } from './snapshot-store.ts';
import { ceilingVariables, writeBoundary } from './surroundings.ts';
import { openToolchains } from './toolchains.ts';
import { copyAssembly } from './tree-assembly.ts';

const NEEDED = ['sh', 'cp', 'mv', 'ln', 'mkfifo', 'sleep'];

/** This machine's own processes; one data directory. For code that is trusted. `choose…` is for tests of what is weaker. */
export async function openLocalPlatform(
  options: PlatformOptions,
  chooseGuard: () => Promise<Guard> = findGuard,
  chooseResources: (farmId: string) => Promise<ResourceControl> = findResourceControl,
): Promise<Platform> {
  const { dataDir } = options;
  const caches = join(dataDir, 'caches');
  const variables = {
    ...options.proxyVariables,
    ...certificateVariables(await makeCertificates(dataDir, options.extraCaCerts)),
  };
  let guard: Promise<Guard> | undefined;
  let resources: Promise<ResourceControl> | undefined;
  const host: LocalHost = {
    dataDir,
    caches,
    snapshots: openSnapshotStore(join(dataDir, 'snapshots'), options.hostId),
    toolchains: openToolchains({ directory: join(dataDir, 'toolchains'), caches: hostDownloads(caches), variables }),
    assembly: copyAssembly,
    commandVariables: { ...variables, ...ceilingVariables(dataDir) },
    announce: options.announce,
    guard() {
      guard ??= chooseGuard().then((found) => {
        if (found.mode === 'group') {
          options.announce(
            'Pid namespaces are not allowed here: commands are ended by their process group, and one that hides from it may stay behind. Allow user namespaces, or run as root, to close this.',
          );
        }
        return found;
      });
      return guard;
    },
    resources() {
      resources ??= chooseResources(options.farmId).then((found) => {
        const weakness = weaknessOf(found);
        if (weakness !== null) options.announce(weakness);
        return found;
      });
      return resources;
    },
  };
  const runner = openLocalRunner(host, options);
  return {
    kind: 'local',
    worker: openLocalWorker(host),
    runner,
    async check() {
      const missing = NEEDED.filter((name) => findProgram(name) === null);
      if (missing.length > 0)
        throw new SwitchyardError('config-invalid', `This host lacks ${missing.join(', ')}. Install them.`);
      const probe = join(dataDir, `.check-${process.pid}`);
      try {
        await mkdir(dataDir, { recursive: true });
        await writeBoundary(dataDir);
        await writeFile(probe, '');
        await rm(probe);
      } catch (error) {
        throw new SwitchyardError(
          'config-invalid',
          `The data directory ${dataDir} can't be written. Make it writable, or set SWITCHYARD_DATA_DIR.`,
          {},
          error,
        );
      }
      await host.guard();
      await runner.sweep();
      await removeLeftovers(dataDir, Date.now());
    },
    async close() {
      runner.close();
      await (await resources)?.close();
    },
  };
}

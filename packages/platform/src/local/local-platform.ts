import { existsSync, realpathSync } from 'node:fs';
import { mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { once } from '../once.ts';
import type { Platform, PlatformOptions } from '../platform.ts';
import { mayUseAppUsers, openAppUsers } from './app-user.ts';
import { certificateVariables, makeCertificates } from './certificates.ts';
import { findOverlays } from './find-overlays.ts';
import { flatten, isShown } from './flatten.ts';
import { findGuard, findProgram, type Guard } from './guard.ts';
import { hostDownloads, openDownloads } from './home-directory.ts';
import { findHostNpm } from './host-tools.ts';
import { openRunDirectories } from './instance-directory.ts';
import { openLayerStore } from './layers.ts';
import { removeLeftovers } from './leftovers.ts';
import type { LocalHost } from './local-host.ts';
import { openLocalRunner } from './local-runner.ts';
import { openLocalWorker } from './local-worker.ts';
import { openOverlayAssembly } from './overlay-assembly.ts';
import type { Overlays } from './overlays.ts';
import { makePersisted } from './persisted.ts';
import type { Shown } from './private-root.ts';
import type { ResourceControl } from './resources/enclosure.ts';
import { findResourceControl, weaknessOf } from './resources/find-control.ts';
import { openSnapshotStore } from './snapshot-store.ts';
import { findInStack } from './stack-paths.ts';
import { serverPaths } from './static-server-command.ts';
import { ceilingVariables, writeBoundary } from './surroundings.ts';
import { openToolchains } from './toolchains.ts';
import { copyAssembly } from './tree-assembly.ts';
import { openWorkspaces } from './workspaces.ts';

const NEEDED = ['sh', 'cp', 'mv', 'ln', 'mkfifo', 'sleep', 'du', 'chown'];

/** What commands use of this host; somebody may have put it into a home that is closed to others. */
function hostTools(extraCaCerts: string | null): Shown[] {
  const npm = findHostNpm();
  const certificates = extraCaCerts === null ? [] : [{ path: extraCaCerts, kind: 'file' as const }];
  return [
    ...[...serverPaths(), ...certificates].map((one) => ({ ...one, writable: false })),
    { path: realpathSync(process.execPath), kind: 'file', writable: false },
    ...(npm === null ? [] : [{ path: dirname(dirname(npm.script)), kind: 'directory' as const, writable: false }]),
  ];
}

/** For tests of the weaker ways. */
export interface LocalChoices {
  readonly chooseGuard?: () => Promise<Guard>;
  readonly chooseResources?: (farmId: string) => Promise<ResourceControl>;
  readonly chooseOverlays?: (dataDir: string) => Promise<Overlays | { readonly refused: string }>;
}

/** This machine's own processes; one data directory. For code that is trusted. */
export async function openLocalPlatform(
  options: PlatformOptions,
  { chooseGuard = findGuard, chooseResources = findResourceControl, chooseOverlays = findOverlays }: LocalChoices = {},
): Promise<Platform> {
  await mkdir(options.dataDir, { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const caches = join(dataDir, 'caches');
  const variables = {
    ...options.proxyVariables,
    ...certificateVariables(await makeCertificates(dataDir, options.extraCaCerts)),
  };
  const guard = once(async () => {
    const found = await chooseGuard();
    if (found.mode === 'group') {
      options.announce(
        'Pid namespaces are not allowed here: commands are ended by their process group, and one that hides from it may stay behind. Allow user namespaces, or run as root, to close this.',
      );
    }
    return found;
  });
  const overlays = once(async () => {
    const found = await chooseOverlays(dataDir);
    if (!('refused' in found)) return found;
    options.announce(
      `Overlays are not allowed here (${found.refused}): every command and instance gets a copy of its files (a clone, where the file system can), sees the whole host, and runs as this process's user. Linux 5.11 or later and user namespaces, or root with CAP_SYS_ADMIN, close this.`,
    );
    return null;
  });
  let resourcesInUse: ResourceControl | undefined;
  const resources = once(async () => {
    const found = await chooseResources(options.farmId);
    const weakness = weaknessOf(found);
    if (weakness !== null) options.announce(weakness);
    resourcesInUse = found;
    return found;
  });
  const layers = openLayerStore(join(dataDir, 'layers'));
  const users = openAppUsers(join(dataDir, 'users'));
  const inOneTree = async (trees: readonly string[], into: string): Promise<void> => {
    const allowed = await overlays();
    if (allowed !== null) await flatten(allowed, trees, into);
  };
  const snapshots = openSnapshotStore({
    directory: join(dataDir, 'snapshots'),
    hostId: options.hostId,
    layers,
    flatten: inOneTree,
  });
  const assembly = once(async () => {
    const allowed = await overlays();
    return allowed === null
      ? copyAssembly(guard)
      : openOverlayAssembly({ overlays: allowed, dataDir, hostTools: hostTools(options.extraCaCerts) });
  });
  const host: LocalHost = {
    dataDir,
    layers,
    snapshots,
    toolchains: openToolchains({ directory: join(dataDir, 'toolchains'), caches: hostDownloads(caches), variables }),
    assembly,
    resources,
    commandVariables: { ...variables, ...ceilingVariables(dataDir) },
    announce: options.announce,
    async userOf(app) {
      return mayUseAppUsers() && (await overlays()) !== null ? await users.userOf(app) : null;
    },
    openDownloads: (scope, place) => openDownloads(caches, scope, place),
    shown({ home, temporary, caches: own }) {
      const writable = [home, temporary, ...(own === null ? [] : [own])];
      const readable = [join(dataDir, 'toolchains'), join(dataDir, 'certificates')].filter((path) => existsSync(path));
      return [
        ...writable.map((path) => ({ path, kind: 'directory' as const, writable: true })),
        ...readable.map((path) => ({ path, kind: 'directory' as const, writable: false })),
      ];
    },
    persisted: (spec, user) => makePersisted(join(dataDir, 'persist'), spec, user),
    async isInStack(trees, path) {
      const found = await findInStack(trees, normalize(path).replace(/\/$/, ''));
      if (found !== 'unclear') return found;
      const allowed = await overlays();
      return allowed === null ? true : await isShown(allowed, trees, path, dataDir);
    },
  };
  const holders = async (): Promise<ReadonlySet<string>> => {
    const workspaces = openWorkspaces(join(dataDir, 'workspaces'), layers);
    const runs = openRunDirectories(dataDir, layers);
    // Those that run first: what they make is held by a snapshot before they are gone.
    const running = [...(await workspaces.holders()), ...(await runs.holders())];
    return new Set([...running, ...(await snapshots.holders())]);
  };
  const runner = openLocalRunner(host, { farmId: options.farmId, dataDir });
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
      await assembly();
      await runner.sweep();
      await removeLeftovers(dataDir, Date.now());
      await layers.sweep(holders);
    },
    async close() {
      runner.close();
      await resourcesInUse?.close();
    },
  };
}

import { access, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { type Entrance, quote } from './entrance.ts';
import { giveFiles, giveTree } from './file-tree.ts';
import { flatten } from './flatten.ts';
import type { Overlays } from './overlays.ts';
import {
  APP_DIRECTORY,
  closedAbove,
  fstab,
  type Mount,
  planPrivateRoot,
  type Shown,
  topLevelEntries,
  writePrivateRoot,
} from './private-root.ts';
import { makeRealDirectories } from './real-directories.ts';
import {
  type AssembledTree,
  type AssemblyRequest,
  isDirectory,
  layCopies,
  notInTheTree,
  type PlacedLayer,
  type Stack,
  type TreeAssembly,
} from './tree-assembly.ts';

/** What is mounted and what is copied for a list of layers. */
export interface OverlayPlan {
  /** Lowest first. */
  readonly lower: readonly Stack[];
  /** Copied into the upper directory, which lies over the lower ones. */
  readonly copied: readonly PlacedLayer[];
}

/**
 * Whole layers are mounted, as far as they lie below all that is copied; parts of layers are copied: the inputs of an install are few.
 * Marks of deletion in a tree that lies over another would hide what is below it, so such a tree is copied, too, without them.
 */
export function planOverlay(layers: readonly PlacedLayer[]): OverlayPlan {
  const isMountable = ({ stack, only }: PlacedLayer, index: number) =>
    only === undefined && (index === 0 || stack.plain);
  const firstCopied = layers.findIndex((layer, index) => !isMountable(layer, index));
  const count = firstCopied === -1 ? layers.length : firstCopied;
  return { lower: layers.slice(0, count).map(({ stack }) => stack), copied: layers.slice(count) };
}

export interface OverlayHost {
  readonly overlays: Overlays;
  /** With no symbolic link in it. */
  readonly dataDir: string;
  /** Programs that commands use and that may lie in somebody's home. */
  readonly hostTools: readonly Shown[];
}

export function openOverlayAssembly({ overlays, dataDir, hostTools }: OverlayHost): TreeAssembly {
  async function layParts(copied: readonly PlacedLayer[], upper: string, request: AssemblyRequest): Promise<void> {
    const layers = [];
    for (const [index, { stack, only }] of copied.entries()) {
      let [tree = ''] = stack.trees;
      if (stack.trees.length > 1) {
        tree = join(request.place, `flat-${index}`);
        await flatten(overlays, stack.trees, tree);
      }
      layers.push({ tree, only });
    }
    await layCopies(layers, upper, request.signal);
  }

  function privateRoot({ place, user, shown }: AssemblyRequest): readonly Mount[] {
    const all = [...shown, ...hostTools];
    // Another user can't pass a directory that is closed to it: what it needs is shown in an open one that takes its place.
    const closed = user === null ? [] : all.flatMap(({ path }) => closedAbove(path) ?? []);
    const hidden = [dataDir, ...closed];
    const plan = planPrivateRoot({ place, topLevel: topLevelEntries(), hidden, shown: all });
    writePrivateRoot(place, plan);
    return plan.mounts;
  }

  return {
    async assemble(request): Promise<AssembledTree> {
      const { layers, place, user, binds = {} } = request;
      const { lower, copied } = planOverlay(layers);
      const upper = join(place, 'upper');
      await mkdir(upper, { mode: 0o755 });
      await layParts(copied, upper, request);
      const trees = lower.flatMap((stack) => stack.trees);
      // Short names without commas and colons: all options of a mount have one page together.
      await mkdir(join(place, 'lower', 'none'), { recursive: true });
      // Short names without commas and colons: all options of a mount have one page together.
      for (const [index, tree] of trees.entries()) await symlink(tree, join(place, 'lower', String(index)));
      for (const path of Object.keys(binds)) await makeRealDirectories(upper, path, notInTheTree(path));
      if (user !== null) await (copied.length > 0 ? giveTree(upper, user) : giveFiles(upper, user));
      const mounts = privateRoot(request);
      const names = trees.length === 0 ? ['none'] : trees.map((_, index) => String(index)).toReversed();
      const lowerOption = names.map((name) => `lower/${name}`).join(':');
      let count = 0;

      async function entrance(workingDirectory: string): Promise<Entrance> {
        count += 1;
        // Of its own for each command: an overlay that does not wait for the disk (`volatile`) refuses one that has been used.
        const work = `work-${count}`;
        await mkdir(join(place, work));
        const options = `lowerdir=${lowerOption},upperdir=upper,workdir=${work},userxattr,volatile`;
        const target = join(place, 'root', 'app');
        const all = [
          ...mounts,
          { source: 'overlay', target, type: 'overlay', options },
          ...Object.entries(binds).map(([path, source]) => ({
            source,
            target: join(target, path),
            type: 'none',
            options: 'bind',
          })),
          { source: 'proc', target: join(place, 'root', 'proc'), type: 'proc', options: 'nosuid,nodev,noexec' },
        ];
        await writeFile(join(place, `mounts-${count}`), fstab(all));
        const entered = `entered-${count}`;
        const steps = [
          `LIBMOUNT_FORCE_MOUNT2=always mount --all --fstab mounts-${count}`,
          `: >${entered}`,
          'cd root',
          'pivot_root . .old',
          'umount -l /.old',
          `cd ${quote(join(APP_DIRECTORY, workingDirectory))}`,
        ];
        return {
          mode: 'namespace',
          prefix: overlays.prefix,
          directory: place,
          enter: `{ ${steps.join(' && ')}; } || exit 125`,
          as: overlays.as(user),
          async confirm() {
            try {
              await access(join(place, entered));
            } catch (error) {
              const message = 'The file system of a command could not be mounted; its output says why.';
              throw new SwitchyardError('engine-refused', message, {}, error);
            }
          },
        };
      }

      return {
        directory: APP_DIRECTORY,
        async hasDirectory(path) {
          for (const tree of [upper, ...trees]) if (await isDirectory(join(tree, path))) return true;
          return false;
        },
        async makeDirectory(path) {
          await makeRealDirectories(upper, path, notInTheTree(path));
          if (user !== null) await giveFiles(join(upper, path.split('/')[0] ?? ''), user);
        },
        entrance,
        kept: () => ({ below: lower.flatMap(({ ids }) => ids), top: upper, plain: false }),
      };
    },
  };
}

import { lstat, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import type { AppUser } from './app-user.ts';
import { isErrno } from './disk.ts';
import type { Entrance } from './entrance.ts';
import { copyPath, copyTree, removeTree } from './file-tree.ts';
import type { Guard } from './guard.ts';
import type { Shown } from './private-root.ts';
import { makeRealDirectories } from './real-directories.ts';

/** Immutable trees, lowest first. `plain`: one tree without marks of deletion, which may lie over others. */
export interface Stack {
  readonly ids: readonly string[];
  readonly trees: readonly string[];
  readonly plain: boolean;
}

/** A layer whose snapshot has been found on the disk. */
export interface PlacedLayer {
  readonly stack: Stack;
  readonly only?: readonly string[];
}

/** What a tree comes to when its commands are through: a new tree, on top of the layers that it lies on. */
export interface KeptTree {
  readonly below: readonly string[];
  readonly top: string;
  readonly plain: boolean;
}

export interface AssembledTree {
  /** Where commands see the tree. */
  readonly directory: string;
  /** Whether there is a directory of this path in it. */
  hasDirectory(path: string): Promise<boolean>;
  makeDirectory(path: string): Promise<void>;
  /** For one command, which starts in this directory of the tree. */
  entrance(workingDirectory: string): Promise<Entrance>;
  kept(): KeptTree;
}

export interface AssemblyRequest {
  readonly layers: readonly PlacedLayer[];
  /** A directory that is there, for what the assembly needs. */
  readonly place: string;
  readonly user: AppUser | null;
  /** What the commands see of the data directory, besides the tree. */
  readonly shown: readonly Shown[];
  /** Directories of the host that lie in the tree, by their path in it. */
  readonly binds?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** How layers become a tree that commands may write to without reaching the snapshots. */
export interface TreeAssembly {
  assemble(request: AssemblyRequest): Promise<AssembledTree>;
}

export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Lays copies of single trees, or of some of their paths, over each other. */
export async function layCopies(
  layers: readonly { readonly tree: string; readonly only?: readonly string[] | undefined }[],
  into: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const { tree, only } of layers) {
    if (only === undefined) await copyTree(tree, into, signal === undefined ? {} : { signal });
    else for (const path of only) await copyPath(tree, path, into, signal);
  }
}

export const notInTheTree = (path: string) => (standing: string) =>
  `${path} can't be made: ${standing} in the repository is not a directory. Name a path that does not lead through it.`;

function onlyTree({ trees }: Stack): string {
  const [tree] = trees;
  if (tree !== undefined && trees.length === 1) return tree;
  const message =
    'This file tree was made with overlays, which are not allowed any more. Allow them again, or deploy again.';
  throw new SwitchyardError('snapshot-missing', message);
}

/** By copying (cloning, where the file system can): works everywhere. */
export function copyAssembly(guard: () => Promise<Guard>): TreeAssembly {
  return {
    async assemble({ layers, place, signal, binds = {} }) {
      const directory = join(place, 'app');
      await mkdir(directory, { recursive: true });
      await layCopies(
        layers.map(({ stack, only }) => ({ tree: onlyTree(stack), only })),
        directory,
        signal,
      );
      for (const [path, source] of Object.entries(binds)) {
        await makeRealDirectories(directory, dirname(path), notInTheTree(path));
        await removeTree(join(directory, path));
        await symlink(source, join(directory, path));
      }
      return {
        directory,
        hasDirectory: (path) => isDirectory(join(directory, path)),
        async makeDirectory(path) {
          await makeRealDirectories(directory, path, notInTheTree(path));
        },
        async entrance(workingDirectory) {
          const { mode, prefix } = await guard();
          const start = join(directory, workingDirectory);
          return { mode, prefix, directory: start, enter: ':', as: [], confirm: async () => {} };
        },
        kept: () => ({ below: [], top: directory, plain: true }),
      };
    },
  };
}

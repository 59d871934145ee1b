import { mkdir, rename } from 'node:fs/promises';
import { copyPath, copyTree } from './file-tree.ts';

/** A layer whose snapshot has been found on the disk. */
export interface PlacedLayer {
  readonly tree: string;
  readonly only?: readonly string[];
}

export interface AssembledTree {
  /** Where commands see the tree. */
  readonly directory: string;
  /** Moves what is there now to `path`, as a tree that stands by itself. Ends the assembly. */
  keep(path: string): Promise<void>;
}

/** How layers become a tree that commands may write to without reaching the snapshots. */
export interface TreeAssembly {
  /** `directory` does not exist yet. */
  assemble(layers: readonly PlacedLayer[], directory: string, signal?: AbortSignal): Promise<AssembledTree>;
}

/** By copying (cloning, where the file system can): works everywhere. */
export const copyAssembly: TreeAssembly = {
  async assemble(layers, directory, signal) {
    await mkdir(directory, { recursive: true });
    for (const { tree, only } of layers) {
      if (only === undefined) await copyTree(tree, directory, signal === undefined ? {} : { signal });
      else for (const path of only) await copyPath(tree, path, directory, signal);
    }
    return { directory, keep: (path) => rename(directory, path) };
  },
};

import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from './disk.ts';
import { removeTree } from './file-tree.ts';
import { namesIn } from './leftovers.ts';

/**
 * `<data>/layers/<id>/` holds `tree/`, which never changes, and `refs/`, with an empty file for each holder: a snapshot, a workspace, an
 * instance. A layer goes when its last holder does: `rmdir` of `refs` succeeds only while that is empty, and a new holder can't write
 * its file once it is gone, so that nobody begins to use a layer that is being removed. No lock, and a process may die in between.
 */
export interface LayerStore {
  treeOf(id: string): string;
  /** Moves a tree in as a new layer. */
  add(tree: string, holder: string, id?: string): Promise<string>;
  /** False where one of them is gone: then none is held. */
  hold(ids: readonly string[], holder: string): Promise<boolean>;
  release(ids: readonly string[], holder: string): Promise<void>;
  /** Releases what holders left that are gone, and finishes removals. `alive` is asked after the holders have been read. */
  sweep(alive: () => Promise<ReadonlySet<string>>): Promise<void>;
}

const ID = /^[0-9a-f]{16}$/;

/** Where a workspace or an instance says which layers it holds. */
const held = (place: string) => join(place, 'layers');

/** Said before they are held, so that whoever finds the place knows what to release. False where one of them is gone. */
export async function holdFor(
  layers: Pick<LayerStore, 'treeOf' | 'hold'>,
  place: string,
  holder: string,
  ids: readonly string[],
): Promise<boolean> {
  await mkdir(held(place), { recursive: true });
  const distinct = [...new Set(ids)];
  for (const id of distinct) await symlink(layers.treeOf(id), join(held(place), id));
  return await layers.hold(distinct, holder);
}

/** The layers that a workspace or an instance holds. */
export async function layersHeldBy(place: string): Promise<string[]> {
  return (await namesIn(held(place))).filter((id) => ID.test(id));
}

export function openLayerStore(directory: string): LayerStore {
  const refs = (id: string) => join(directory, id, 'refs');
  const treeOf = (id: string) => join(directory, id, 'tree');

  async function hold(id: string, holder: string): Promise<boolean> {
    try {
      await writeFile(join(refs(id), holder), '');
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
  }

  async function removeUnheld(id: string): Promise<void> {
    try {
      await rmdir(refs(id));
    } catch (error) {
      if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) return;
      if (!isErrno(error, 'ENOENT')) throw error;
    }
    await removeTree(join(directory, id));
  }

  async function release(ids: readonly string[], holder: string): Promise<void> {
    for (const id of ids) {
      await rm(join(refs(id), holder), { force: true });
      await removeUnheld(id);
    }
  }

  return {
    treeOf,
    release,
    async add(tree, holder, id = randomBytes(8).toString('hex')) {
      const making = join(directory, `.making-${id}-${process.pid}`);
      await mkdir(join(making, 'refs'), { recursive: true });
      await writeFile(join(making, 'refs', holder), '');
      await rename(tree, join(making, 'tree'));
      await rename(making, join(directory, id));
      return id;
    },
    async hold(ids, holder) {
      for (const id of ids) {
        if (await hold(id, holder)) continue;
        await release(ids, holder);
        return false;
      }
      return true;
    },
    async sweep(alive) {
      const found: { id: string; holders: string[] }[] = [];
      for (const id of (await namesIn(directory)).filter((name) => ID.test(name))) {
        found.push({ id, holders: await namesIn(refs(id)) });
      }
      if (found.length === 0) return;
      const living = await alive();
      for (const { id, holders } of found) {
        for (const holder of holders.filter((name) => !living.has(name)))
          await rm(join(refs(id), holder), { force: true });
        await removeUnheld(id);
      }
    },
  };
}

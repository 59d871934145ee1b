import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HostId, LIMITS, onHost, SnapshotRef, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import type { Toolchain } from '../platform.ts';
import type { AppUser } from './app-user.ts';
import { isErrno, onDisk } from './disk.ts';
import { giveTree, removeTree } from './file-tree.ts';
import type { LayerStore } from './layers.ts';
import { namesIn } from './leftovers.ts';
import type { KeptTree, Stack } from './tree-assembly.ts';
import { bytesBelow, removeUnused } from './unused-tree.ts';

const Key = SnapshotRef.shape.key;
/** What made it; instances and one-offs that start from it get the same package manager. */
const MadeBy = z.custom<Toolchain>((value) => typeof value === 'object' && value !== null).nullable();
/** Before there were layers: a `tree/` beside the manifest. */
const SingleTreeManifest = z.object({ v: z.literal(1), toolchain: MadeBy });
const StackManifest = z.object({
  v: z.literal(2),
  toolchain: MadeBy,
  /** Ids, lowest first. */
  layers: z.array(z.string()).nonempty(),
  plain: z.boolean(),
  /** By this name it holds its layers. */
  holder: z.string(),
  /** Of the layer that was made with it; the others are other snapshots', too. */
  bytes: z.number(),
  /** Whose all files are; null: this process's own. */
  uid: z.number().nullable(),
});
type Manifest = z.infer<typeof StackManifest>;
const Manifest = z.discriminatedUnion('v', [SingleTreeManifest, StackManifest]);

export interface ListedSnapshot {
  readonly key: string;
  readonly lastUsedAt: number;
  /** What its removal frees at least, when nothing else is made of it. */
  readonly bytes: number;
}

/** Whose files they have to be, and what made them. */
export interface Made {
  readonly toolchain: Toolchain | null;
  readonly user: AppUser | null;
}

/**
 * `<data>/snapshots/<key>/manifest.json` names the layers that a snapshot is a stack of. It appears in one rename, after them, so a
 * snapshot that is there is whole. Its modification time is when the snapshot was last used. Names with a dot in front are being made or
 * removed; they end in the name by which layers are held.
 */
export interface SnapshotStore {
  find(key: string): Promise<SnapshotRef | null>;
  /** Rejects with `snapshot-missing`. Counts as a use. Its files are this user's afterwards. */
  stackOf(snapshot: SnapshotRef, user: AppUser | null): Promise<Stack>;
  toolchainOf(snapshot: SnapshotRef): Promise<Toolchain | null>;
  /** Keeps a tree under its key. First wins; the loser's is discarded. */
  publish(key: string, made: Made, tree: KeptTree): Promise<SnapshotRef>;
  list(): Promise<ListedSnapshot[]>;
  /** With `unusedSince`: unless it was used after that moment. Answers whether it is gone. */
  remove(key: string, unless?: { unusedSince: number }): Promise<boolean>;
  /** Names by which snapshots hold layers now. */
  holders(): Promise<string[]>;
}

export interface SnapshotPlace {
  readonly directory: string;
  readonly hostId: HostId;
  readonly layers: LayerStore;
  /** Makes one tree of many, in a new directory. */
  readonly flatten: (trees: readonly string[], into: string) => Promise<void>;
}

export function snapshotGone(...snapshots: readonly SnapshotRef[]): SwitchyardError {
  const key = snapshots.map((snapshot) => snapshot.key).join(', ');
  const message = `The file tree ${key} is not on this host any more. Deploy again to make it anew.`;
  return new SwitchyardError('snapshot-missing', message, { key, placement: snapshots[0]?.placement });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const holderOf = (name: string) => /^\.making-(snapshot-[0-9a-f]+)$/.exec(name)?.[1];

export function openSnapshotStore({ directory, hostId, layers, flatten }: SnapshotPlace): SnapshotStore {
  const pathOf = (key: string) => join(directory, Key.parse(key));
  const manifestOf = (key: string) => join(pathOf(key), 'manifest.json');
  const random = () => randomBytes(8).toString('hex');
  const ref = (key: string): SnapshotRef => ({ key, placement: onHost(hostId) });

  async function touch(key: string): Promise<boolean> {
    const now = new Date();
    try {
      await utimes(manifestOf(key), now, now);
      return true;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return false;
      throw error;
    }
  }

  async function write(path: string, manifest: Manifest): Promise<void> {
    const beside = `${path}.${random()}`;
    await writeFile(beside, `${JSON.stringify(manifest)}\n`);
    await rename(beside, path);
  }

  /** A tree of the time before layers becomes one. Another process may do the same, or have died in the middle of it. */
  async function adopt(key: string, toolchain: Toolchain | null): Promise<Manifest> {
    const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
    const holder = `snapshot-${id}`;
    try {
      await layers.add(join(pathOf(key), 'tree'), holder, id);
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    const bytes = await bytesBelow(layers.treeOf(id));
    const manifest: Manifest = { v: 2, toolchain, layers: [id], plain: true, holder, bytes, uid: null };
    await write(manifestOf(key), manifest);
    return manifest;
  }

  /** A host that lost its power has files whose content never reached the disk. What held the layers is forgotten by the next sweep. */
  async function discardBroken(key: string): Promise<void> {
    const removing = join(directory, `.removing-${random()}`);
    try {
      await rename(pathOf(key), removing);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      throw error;
    }
    await removeTree(removing);
  }

  async function read(key: string): Promise<Manifest | null> {
    let text: string;
    try {
      text = await readFile(manifestOf(key), 'utf8');
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
      throw error;
    }
    const document = parseJson(text);
    if (document === undefined) {
      await discardBroken(key);
      return null;
    }
    const manifest = Manifest.parse(document);
    return manifest.v === 1 ? await adopt(key, manifest.toolchain) : manifest;
  }

  async function require(snapshot: SnapshotRef): Promise<Manifest> {
    const manifest = (await touch(snapshot.key)) ? await read(snapshot.key) : null;
    if (manifest !== null) return manifest;
    throw snapshotGone(snapshot);
  }

  /** What was made before apps had users of their own, or by another kind of start. */
  async function give(key: string, manifest: Manifest, user: AppUser): Promise<void> {
    for (const id of manifest.layers) await giveTree(layers.treeOf(id), user);
    await write(manifestOf(key), { ...manifest, uid: user.uid });
  }

  /** The layers of what is published, held; the last is new. */
  async function layersFor(tree: KeptTree, holder: string): Promise<Manifest['layers']> {
    if (tree.below.length < LIMITS.maxSnapshotLayers) {
      const top = await layers.add(tree.top, holder);
      if (await layers.hold(tree.below, holder)) return [...tree.below, top] as Manifest['layers'];
      await layers.release([top], holder);
      throw new SwitchyardError('snapshot-missing', 'A file tree that this one lies on was removed. Deploy again.');
    }
    const flat = `${tree.top}-flat`;
    await flatten([...tree.below.map((id) => layers.treeOf(id)), tree.top], flat);
    return [await layers.add(flat, holder)];
  }

  return {
    async find(key) {
      return (await touch(key)) && (await read(key)) !== null ? ref(key) : null;
    },
    async stackOf(snapshot, user) {
      const manifest = await require(snapshot);
      if (user !== null && manifest.uid !== user.uid) await give(snapshot.key, manifest, user);
      const { layers: ids, plain } = manifest;
      return { ids, trees: ids.map((id) => layers.treeOf(id)), plain };
    },
    async toolchainOf(snapshot) {
      return (await require(snapshot)).toolchain;
    },
    async publish(key, { toolchain, user }, tree) {
      return await onDisk('publishing a file tree', async () => {
        const holder = `snapshot-${random()}`;
        const making = join(directory, `.making-${holder}`);
        let held: readonly string[] = [];
        try {
          await mkdir(making, { recursive: true });
          const bytes = await bytesBelow(tree.top);
          const stack = await layersFor(tree, holder);
          held = stack;
          const uid = user?.uid ?? null;
          const plain = tree.plain && stack.length === 1;
          await write(join(making, 'manifest.json'), { v: 2, toolchain, layers: stack, plain, holder, bytes, uid });
          await rename(making, pathOf(key));
        } catch (error) {
          await layers.release(held, holder);
          await removeTree(making);
          if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
          await touch(key);
        }
        return ref(key);
      });
    },
    async list() {
      const found = await Promise.all(
        (await namesIn(directory))
          .filter((name) => Key.safeParse(name).success)
          .map(async (key) => {
            const manifest = await read(key);
            if (manifest === null) return null;
            try {
              return { key, lastUsedAt: (await stat(manifestOf(key))).mtimeMs, bytes: manifest.bytes };
            } catch (error) {
              if (isErrno(error, 'ENOENT')) return null;
              throw error;
            }
          }),
      );
      return found.filter((entry) => entry !== null);
    },
    async remove(key, { unusedSince } = { unusedSince: Number.POSITIVE_INFINITY }) {
      const manifest = await read(key);
      if (manifest === null) return true;
      if (!(await removeUnused(pathOf(key), manifestOf(key), unusedSince))) return false;
      await layers.release(manifest.layers, manifest.holder);
      return true;
    },
    async holders() {
      // Those that are being made first: one that is published in between is met in one of the two places.
      const making = (await namesIn(directory)).flatMap((name) => holderOf(name) ?? []);
      const keys = (await namesIn(directory)).filter((name) => Key.safeParse(name).success);
      const manifests = await Promise.all(keys.map(read));
      return [...making, ...manifests.flatMap((manifest) => manifest?.holder ?? [])];
    },
  };
}

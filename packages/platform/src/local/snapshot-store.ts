import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HostId, onHost, SnapshotRef, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import type { Toolchain } from '../platform.ts';
import { isErrno, onDisk } from './disk.ts';
import { removeTree } from './file-tree.ts';
import { namesIn } from './leftovers.ts';
import { bytesBelow, removeUnused } from './unused-tree.ts';

const Key = SnapshotRef.shape.key;
const Manifest = z.object({
  v: z.literal(1),
  /** What made it; instances and one-offs that start from it get the same package manager. */
  toolchain: z.custom<Toolchain>((value) => typeof value === 'object' && value !== null).nullable(),
});
type Manifest = z.infer<typeof Manifest>;

/**
 * `<data>/snapshots/<key>/` holds `tree/` and `manifest.json`; both appear in one rename, so a directory that is there is whole. The
 * manifest's modification time is when the snapshot was last used. Names with a dot in front are being made or removed.
 */
export interface SnapshotStore {
  find(key: string): Promise<SnapshotRef | null>;
  /** Directory of the tree; rejects with `snapshot-missing`. Counts as a use. */
  treeOf(snapshot: SnapshotRef): Promise<string>;
  toolchainOf(snapshot: SnapshotRef): Promise<Toolchain | null>;
  /** Moves a tree (`fill` makes it in the directory that it is given) to its key. First wins; the loser's is discarded. */
  publish(key: string, toolchain: Toolchain | null, fill: (tree: string) => Promise<void>): Promise<SnapshotRef>;
  list(): Promise<{ key: string; lastUsedAt: number; bytes: number }[]>;
  remove(key: string, unless?: { unusedSince: number }): Promise<boolean>;
}

export function openSnapshotStore(directory: string, hostId: HostId): SnapshotStore {
  const pathOf = (key: string) => join(directory, Key.parse(key));
  const manifestOf = (key: string) => join(pathOf(key), 'manifest.json');
  const beside = (word: string) => join(directory, `.${word}-${process.pid}-${randomBytes(6).toString('hex')}`);

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

  /** Kept beside the tree: it never changes, and counting it takes its time. */
  async function bytesOf(key: string): Promise<number> {
    const file = join(pathOf(key), 'bytes');
    try {
      return Number(await readFile(file, 'utf8'));
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
    const bytes = await bytesBelow(join(pathOf(key), 'tree'));
    await writeFile(file, String(bytes)).catch((error: unknown) => {
      // It went meanwhile, or a full disk is why somebody counts.
      if (!isErrno(error, 'ENOENT', 'ENOSPC', 'EDQUOT')) throw error;
    });
    return bytes;
  }

  async function require(snapshot: SnapshotRef): Promise<void> {
    if (await touch(snapshot.key)) return;
    throw new SwitchyardError(
      'snapshot-missing',
      `The file tree ${snapshot.key} is not on this host any more. Deploy again to make it anew.`,
      {
        key: snapshot.key,
        placement: snapshot.placement,
      },
    );
  }

  const ref = (key: string): SnapshotRef => ({ key, placement: onHost(hostId) });

  return {
    async find(key) {
      return (await touch(key)) ? ref(key) : null;
    },
    async treeOf(snapshot) {
      await require(snapshot);
      return join(pathOf(snapshot.key), 'tree');
    },
    async toolchainOf(snapshot) {
      await require(snapshot);
      return Manifest.parse(JSON.parse(await readFile(manifestOf(snapshot.key), 'utf8'))).toolchain;
    },
    async publish(key, toolchain, fill) {
      const target = pathOf(key);
      return await onDisk('publishing a file tree', async () => {
        await mkdir(directory, { recursive: true });
        const making = beside('making');
        try {
          await mkdir(making);
          await fill(join(making, 'tree'));
          const manifest: Manifest = { v: 1, toolchain };
          await writeFile(join(making, 'manifest.json'), `${JSON.stringify(manifest)}\n`);
          await rename(making, target);
        } catch (error) {
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
            try {
              return { key, lastUsedAt: (await stat(manifestOf(key))).mtimeMs, bytes: await bytesOf(key) };
            } catch (error) {
              if (isErrno(error, 'ENOENT')) return null;
              throw error;
            }
          }),
      );
      return found.filter((entry) => entry !== null);
    },
    async remove(key, { unusedSince } = { unusedSince: Number.POSITIVE_INFINITY }) {
      return await removeUnused(pathOf(key), manifestOf(key), unusedSince);
    },
  };
}

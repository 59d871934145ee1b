import { randomBytes } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from './disk.ts';
import { removeTree } from './file-tree.ts';
import { runOwn } from './own-command.ts';

const MEASURE_TIMEOUT_MS = 300_000;

/** Disk blocks of a tree, counted by a process of their own: a worker has other things to do. What goes meanwhile counts as nothing. */
export async function bytesBelow(path: string): Promise<number> {
  const { stdout } = await runOwn({
    words: ['du', '-sk', '--', path],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    timeoutMs: MEASURE_TIMEOUT_MS,
  });
  return 1_024 * Number(/^\d+/.exec(stdout.toString())?.[0] ?? 0);
}

/**
 * Moves a directory aside and removes it, unless `stamp` says that it was used after `unusedSince`. A use between the look and the move
 * is seen after the move, and undoes it. Whoever looks for it in that instant makes or fetches it anew, and the first rename wins.
 */
export async function removeUnused(path: string, stamp: string, unusedSince: number): Promise<boolean> {
  const removing = join(dirname(path), `.removing-${process.pid}-${randomBytes(6).toString('hex')}`);
  try {
    if ((await stat(stamp)).mtimeMs > unusedSince) return false;
    await rename(path, removing);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return true;
    throw error;
  }
  const moved = stamp === path ? removing : stamp.replace(path, removing);
  if ((await stat(moved)).mtimeMs > unusedSince) {
    try {
      await rename(removing, path);
      return false;
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }
  await removeTree(removing);
  return true;
}

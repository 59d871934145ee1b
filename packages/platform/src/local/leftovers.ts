import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from './disk.ts';
import { removeTree } from './file-tree.ts';

/** Longer than anything is being made or removed. */
const OLD_MS = 60 * 60_000;
const PLACES = ['layers', 'snapshots', 'toolchains', 'instances', 'oneoffs', 'mirrors'];

/** Removes what killed processes left half made or half removed: it has a dot in front of its name until it is whole. */
export async function removeLeftovers(dataDir: string, now: number): Promise<void> {
  for (const place of PLACES) {
    for (const name of await namesIn(join(dataDir, place))) {
      if (!name.startsWith('.')) continue;
      const path = join(dataDir, place, name);
      const age = now - ((await stat(path).catch(() => null))?.mtimeMs ?? now);
      if (age > OLD_MS) await removeTree(path);
    }
  }
}

/** Names in a directory; none where there is no such directory. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

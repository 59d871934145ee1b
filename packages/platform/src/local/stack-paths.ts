import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from './disk.ts';

type Kind = 'directory' | 'other' | 'deleted' | 'absent';

async function kindAt(tree: string, path: string): Promise<Kind> {
  try {
    const found = await lstat(join(tree, path));
    // An overlay marks a deletion by a character device 0, 0.
    if (found.isCharacterDevice() && found.rdev === 0) return 'deleted';
    return found.isDirectory() ? 'directory' : 'other';
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'absent';
    throw error;
  }
}

/**
 * Whether a stack (lowest first) shows a path, as far as can be seen without mounting it. `unclear`: a directory above the path may hide
 * what is below it, which an extended attribute says that Node can't read.
 */
export async function findInStack(trees: readonly string[], path: string): Promise<boolean | 'unclear'> {
  let mayBeHidden = false;
  for (const tree of trees.toReversed()) {
    const kind = await kindAt(tree, path);
    if (kind === 'deleted') return false;
    if (kind !== 'absent') return mayBeHidden ? 'unclear' : true;
    for (let above = dirname(path); above !== '.'; above = dirname(above)) {
      const kindAbove = await kindAt(tree, above);
      if (kindAbove === 'deleted' || kindAbove === 'other') return false;
      if (kindAbove === 'directory') mayBeHidden = true;
    }
  }
  return false;
}

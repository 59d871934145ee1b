import { lstat, mkdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { isErrno } from './disk.ts';

/**
 * Makes the directories of `path` below `base`, one by one: a link on the way, which an app or its repository may have put there, leads
 * anywhere. Rejects with `invalid-settings` where something else than a directory stands; `complaint` gets its path below `base`.
 */
export async function makeRealDirectories(
  base: string,
  path: string,
  complaint: (standing: string) => string,
): Promise<void> {
  let below = '';
  for (const part of ['', ...path.split('/')]) {
    below = posix.join(below, part);
    const at = posix.join(base, below);
    await mkdir(at).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
    if (!(await lstat(at)).isDirectory()) throw new SwitchyardError('invalid-settings', complaint(below));
  }
}

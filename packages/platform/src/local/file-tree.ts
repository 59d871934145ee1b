import { chmod, constants, copyFile, cp, lchown, lstat, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { execa } from 'execa';
import { isErrno } from './disk.ts';

/** GNU and busybox clone where the file system can, else copy; macOS clones with `-c`. Never a hard link: a write through one reaches the original. No extended attributes: an overlay's own would hide what lies below a copy. */
const COPY = process.platform === 'darwin' ? ['-cpPR'] : ['-dpR', '--reflink=auto', '--remove-destination'];

async function copyCommand(sources: readonly string[], into: string, signal: AbortSignal | undefined): Promise<void> {
  await execa('cp', [...COPY, '--', ...sources, into], {
    stdin: 'ignore',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    extendEnv: false,
    forceKillAfterDelay: 100,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
}

async function kindOf(path: string): Promise<'directory' | 'other' | null> {
  try {
    return (await lstat(path)).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** Removes from `into` what `from` replaces by another kind: a directory where a file comes, a file where a directory comes. */
async function removeConflicts(from: string, into: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const target = join(into, entry.name);
    const kind = await kindOf(target);
    if (kind === null) continue;
    if (entry.isDirectory() && kind === 'directory') await removeConflicts(join(from, entry.name), target);
    else if (entry.isDirectory() || kind === 'directory') await removeTree(target);
  }
}

/**
 * Lays a copy of what is in `from` over what is in `into`. The names in `without` are taken out again: a repository may have more names
 * than a command line holds, and names that are no UTF-8. For a target that has none of them.
 */
export async function copyTree(
  from: string,
  into: string,
  options: { without?: readonly string[]; signal?: AbortSignal } = {},
): Promise<void> {
  await mkdir(into, { recursive: true });
  const sources = [`${from}/.`];
  try {
    await copyCommand(sources, into, options.signal);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const clash =
      error instanceof Error &&
      'stderr' in error &&
      /cannot overwrite|Is a directory|Not a directory/i.test(String(error.stderr));
    if (!clash) throw error;
    await removeConflicts(from, into);
    await copyCommand(sources, into, options.signal);
  }
  for (const name of options.without ?? []) await removeTree(join(into, name));
}

/** Whether a path is one inside a tree: relative, with no way up and no `.git`. */
export function isInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..');
}

/** Where a path of a tree really is, when that is inside the tree: a symbolic link on the way may lead anywhere. */
async function resolveInside(tree: string, path: string): Promise<string | null> {
  try {
    const root = await realpath(tree);
    const parent = await realpath(join(root, dirname(path)));
    return parent === root || parent.startsWith(root + sep) ? join(parent, basename(path)) : null;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** Copies one path of a tree, a file or (with a trailing `/`) a directory. One that is absent is no error. */
export async function copyPath(from: string, path: string, into: string, signal?: AbortSignal): Promise<void> {
  if (!isInside(path)) throw new Error(`${path} is not a path inside a tree`);
  const source = await resolveInside(from, path);
  const kind = source === null ? null : await kindOf(source);
  if (source === null || kind === null || (path.endsWith('/') && kind !== 'directory')) return;
  const target = join(into, relative('.', path));
  await mkdir(dirname(target), { recursive: true });
  if (kind === 'directory') {
    await copyTree(source, target, signal === undefined ? {} : { signal });
    return;
  }
  await rm(target, { recursive: true, force: true });
  if ((await lstat(source)).isSymbolicLink()) await cp(source, target, { verbatimSymlinks: true });
  else await copyFile(source, target, constants.COPYFILE_FICLONE);
}

/** What is gone meanwhile is no error: a removal that failed may still be going on with the rest. */
async function makeWritable(path: string): Promise<void> {
  try {
    if ((await kindOf(path)) !== 'directory') return;
    await chmod(path, 0o700);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) await makeWritable(join(path, entry.name));
    }
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** `giveTree` for a few files of ours, without a process. */
export async function giveFiles(path: string, user: { readonly uid: number }): Promise<void> {
  await lchown(path, user.uid, user.uid);
  if ((await kindOf(path)) !== 'directory') return;
  for (const name of await readdir(path)) await giveFiles(join(path, name), user);
}

/** Gives everything in a tree, itself included, to a user. Links are given, not followed. */
export async function giveTree(path: string, { uid }: { readonly uid: number }): Promise<void> {
  await execa('chown', ['-hR', `${uid}:${uid}`, '--', path], {
    stdin: 'ignore',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    extendEnv: false,
  });
}

/** Removes a tree with all that is in it, directories that forbid it included. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EPERM')) throw error;
    await makeWritable(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

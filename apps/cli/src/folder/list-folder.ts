import type { Dirent } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchiveRules } from '@switchyard/domain';
import { CommandError } from '../command-error.ts';
import { IgnoreRules } from './ignore-rules.ts';

/** A file or link of a folder. `path` is relative, with `/`. */
export type FolderItem =
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number; readonly isExecutable: boolean }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

export interface Folder {
  readonly directory: string;
  /** In the order of their paths. */
  readonly items: readonly FolderItem[];
  /** Of all files. */
  readonly bytes: number;
  /** Sockets and the like, which can't be sent. */
  readonly leftOut: readonly string[];
}

const BLOCK_BYTES = 512;
const EXECUTABLE = 0o100;

const byName = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * What of a folder is sent. Judged by the same rules as at the other end, so that what would be refused there is refused before a byte
 * is sent: rejects with `upload-refused`, and with a `CommandError` where a file can't be read.
 */
export async function listFolder(directory: string): Promise<Folder> {
  const rules = new ArchiveRules();
  const items: FolderItem[] = [];
  const leftOut: string[] = [];
  let bytes = 0;

  async function addFile(path: string): Promise<void> {
    const { size, mode } = await lstat(join(directory, path));
    rules.entry({ type: 'file', path, target: null, mode, bytes: size });
    const packed = BLOCK_BYTES + Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
    rules.unpacked(packed, packed);
    items.push({ kind: 'file', path, bytes: size, isExecutable: (mode & EXECUTABLE) !== 0 });
    bytes += size;
  }

  async function addLink(path: string): Promise<void> {
    const target = await readlink(join(directory, path));
    rules.entry({ type: 'symlink', path, target, mode: 0, bytes: 0 });
    rules.unpacked(BLOCK_BYTES, BLOCK_BYTES);
    items.push({ kind: 'link', path, target });
  }

  async function walk(below: string, ignored: IgnoreRules): Promise<void> {
    const entries = await readdir(join(directory, below), { withFileTypes: true });
    for (const entry of entries.sort(byName)) {
      const path = `${below}${entry.name}`;
      const place = join(directory, path);
      if (ignored.leavesOut(place, entry.isDirectory())) continue;
      if (entry.isDirectory()) await walk(`${path}/`, await ignored.enter(place));
      else if (entry.isSymbolicLink()) await addLink(path);
      else if (entry.isFile()) await addFile(path);
      else leftOut.push(path);
    }
  }

  try {
    await walk('', await IgnoreRules.of(directory));
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new CommandError(
        `${directory} can’t be read: ${error.message}. Leave it out with .switchyardignore, or make it readable.`,
      );
    throw error;
  }
  rules.end();
  return { directory, items, bytes, leftOut };
}

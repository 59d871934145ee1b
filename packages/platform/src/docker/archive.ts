import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header, type Pack, pack } from 'tar-stream';
import { PLACES, USER_ID } from './names.ts';

/** A pack as a stream of Node's own kind: its consumers tell a broken one by its error. */
function streamOf(into: Pack): Readable {
  return Readable.from(into, { objectMode: false });
}

/** The tree's directory as a name in an archive of `/`. */
export const TREE_ENTRY = PLACES.tree.slice(1);

const owner = { uid: USER_ID, gid: USER_ID, uname: '', gname: '' };

/** One entry; resolves when it is written. */
function entry(
  into: Pack,
  header: Partial<Header> & { readonly name: string },
  content?: Readable | Buffer,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (content instanceof Readable) pipeline(content, into.entry(header, done)).catch(reject);
    else into.entry(header, content ?? Buffer.alloc(0), done);
  });
}

async function packDirectory(into: Pack, directory: string, name: string, without: readonly string[]): Promise<void> {
  for (const file of await readdir(directory)) {
    if (without.includes(file)) continue;
    const path = join(directory, file);
    const stat = await lstat(path);
    const { mode, mtime, size } = stat;
    const header = { ...owner, name: `${name}/${file}`, mode: mode & 0o777, mtime };
    if (stat.isDirectory()) {
      await entry(into, { ...header, name: `${header.name}/`, type: 'directory' });
      await packDirectory(into, path, header.name, []);
    } else if (stat.isSymbolicLink()) {
      await entry(into, { ...header, type: 'symlink', linkname: await readlink(path) });
    } else if (stat.isFile()) {
      await entry(into, { ...header, type: 'file', size }, createReadStream(path, size === 0 ? {} : { end: size - 1 }));
    }
  }
}

/** A directory's files (the names in `without`, at its top, left out) as an archive of `/` with the tree in its place. */
export function archiveOfTree(directory: string, without: readonly string[]): Readable {
  const into = pack();
  const fill = async () => {
    await entry(into, { ...owner, name: `${TREE_ENTRY}/`, type: 'directory', mode: 0o755 });
    await packDirectory(into, directory, TREE_ENTRY, without);
    into.finalize();
  };
  fill().catch((error: unknown) => into.destroy(error instanceof Error ? error : new Error(String(error))));
  return streamOf(into);
}

export interface ArchivedFile {
  readonly name: string;
  /** None for a directory, whose name ends in `/`. */
  readonly content?: Buffer;
}

/** Files, and the directories above them, owned by the user of commands. */
export function archiveOfFiles(files: readonly ArchivedFile[]): Readable {
  const into = pack();
  const directories = new Set<string>();
  const fill = async () => {
    for (const { name, content } of files) {
      const parts = name.split('/').slice(0, -1);
      for (let depth = 1; depth <= parts.length; depth++) {
        const directory = `${parts.slice(0, depth).join('/')}/`;
        if (directories.has(directory)) continue;
        directories.add(directory);
        await entry(into, { ...owner, name: directory, type: 'directory', mode: 0o755 });
      }
      if (!name.endsWith('/')) await entry(into, { ...owner, name, type: 'file', mode: 0o644 }, content);
    }
    into.finalize();
  };
  fill().catch((error: unknown) => into.destroy(error instanceof Error ? error : new Error(String(error))));
  return streamOf(into);
}

/** Whether a path of a tree is one of `only` (files, or directories ending in `/`), below one, or above one. */
export function isSelected(path: string, isDirectory: boolean, only: readonly string[]): boolean {
  return only.some((wanted) => {
    if (!wanted.endsWith('/')) return path === wanted || (isDirectory && wanted.startsWith(`${path}/`));
    return (
      `${path}/`.startsWith(wanted) || path === wanted.slice(0, -1) || (isDirectory && wanted.startsWith(`${path}/`))
    );
  });
}

/**
 * Passes on what is selected of an engine's archive of the tree, and makes everything the user's. A directory above a selected path comes
 * along, empty where nothing in it is there.
 */
export function selectFromArchive(archive: Readable, only: readonly string[] | null): Readable {
  const from = extract();
  const into = pack();
  from.on('entry', (header, stream, next) => {
    const path = header.name.replace(new RegExp(`^${TREE_ENTRY}/?`), '').replace(/\/$/, '');
    if (only !== null && path !== '' && !isSelected(path, header.type === 'directory', only)) {
      stream.resume();
      stream.once('end', next);
      return;
    }
    const kept: Header = { ...header, ...owner };
    // Without a size a link is written as an empty entry.
    if (header.type === 'file') pipeline(stream, into.entry(kept, next)).catch((error: Error) => into.destroy(error));
    else {
      stream.resume();
      into.entry(kept, Buffer.alloc(0), next);
    }
  });
  pipeline(archive, from).then(
    () => into.finalize(),
    (error: Error) => into.destroy(error),
  );
  return streamOf(into);
}

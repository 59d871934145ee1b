import { SwitchyardError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** An entry as a tar archive names it. */
export interface ArchiveHeader {
  /** null: a type that has no name. */
  readonly type: string | null;
  readonly path: string;
  /** Where a link leads. */
  readonly target: string | null;
  readonly mode: number;
  readonly bytes: number;
}

/** What an entry comes to; `path` and, of a hard link, `target` are inside the tree, relative, without `.` or `..`. */
export type ArchiveEntry =
  | { readonly kind: 'file'; readonly path: string; readonly bytes: number; readonly isExecutable: boolean }
  | { readonly kind: 'symbolic-link'; readonly path: string; readonly target: string }
  /** Another name for a file that came before. */
  | { readonly kind: 'hard-link'; readonly path: string; readonly target: string }
  /** A directory, or what is left out (`.git`). */
  | { readonly kind: 'nothing' };

const NOTHING: ArchiveEntry = { kind: 'nothing' };
const EXECUTABLE = 0o111;
const SHOWN_PATH = 120;
/** Of following all links: a folder full of them that lead through each other would take minutes. */
const MAX_STEPS = 1_000_000;

function refuse(path: string, why: string): SwitchyardError {
  const shown = path.length > SHOWN_PATH ? `${path.slice(0, SHOWN_PATH)}…` : path;
  return new SwitchyardError('upload-refused', `The archive’s ${JSON.stringify(shown)} ${why}.`, { path: shown });
}

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** The names of a path inside the tree, none for its root. Refuses every path that could lead out of it or be read in two ways. */
function partsOf(path: string): string[] {
  if (path.startsWith('/')) throw refuse(path, 'is an absolute path; pack the folder’s content with relative ones');
  if (path.includes('\0') || path.includes('\uFFFD')) throw refuse(path, 'is no valid UTF-8 file name');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refuse(path, 'leads out of the folder');
  if (bytesOf(path) > LIMITS.maxUploadPathBytes)
    throw refuse(path, `has a path of more than ${LIMITS.maxUploadPathBytes} bytes`);
  if (parts.some((part) => bytesOf(part) > LIMITS.maxUploadNameBytes))
    throw refuse(path, `has a name of more than ${LIMITS.maxUploadNameBytes} bytes`);
  if (parts.length > LIMITS.maxUploadDepth + 1)
    throw refuse(path, `lies more than ${LIMITS.maxUploadDepth} directories deep`);
  return parts;
}

/**
 * Judges an archive entry by entry, then as a whole. Everything is decided by names and counts: nothing has to be written first. What
 * is refused rejects with `upload-refused`, which names the entry and why.
 */
export class ArchiveRules {
  readonly #files = new Set<string>();
  readonly #directories = new Set<string>();
  readonly #links = new Map<string, string>();
  #entries = 0;
  #steps = 0;
  #unpackedBytes = 0;

  /** Files and links. */
  get files(): number {
    return this.#files.size + this.#links.size;
  }

  /** Counts what was unpacked so far from so many bytes. */
  unpacked(bytes: number, fromBytes: number): void {
    this.#unpackedBytes += bytes;
    if (this.#unpackedBytes > LIMITS.maxUnpackedBytes)
      throw new SwitchyardError(
        'upload-refused',
        `The archive has more than ${LIMITS.maxUnpackedBytes / 1024 ** 2} MiB when it is unpacked, which is the most.`,
      );
    const isBomb =
      this.#unpackedBytes > LIMITS.unpackedRatioFromBytes && this.#unpackedBytes > fromBytes * LIMITS.maxUnpackedRatio;
    if (isBomb)
      throw new SwitchyardError(
        'upload-refused',
        `The archive unpacks to more than ${LIMITS.maxUnpackedRatio} times its size, which no source code does.`,
      );
  }

  entry({ type, path, target, mode, bytes }: ArchiveHeader): ArchiveEntry {
    this.#entries += 1;
    if (this.#entries > LIMITS.maxUploadEntries)
      throw new SwitchyardError(
        'upload-refused',
        `The archive has more than ${LIMITS.maxUploadEntries} entries, which is the most. Leave out what is installed or built (.switchyardignore).`,
      );
    const parts = partsOf(path);
    if (parts.some((part) => part.toLowerCase() === '.git')) return NOTHING;
    const name = parts.join('/');
    if (type === 'directory') {
      this.#addDirectories(parts, path);
      return NOTHING;
    }
    if (type !== 'file' && type !== 'symlink' && type !== 'link')
      throw refuse(path, `is a ${type ?? 'thing of an unknown kind'}; files, directories and links can be deployed`);
    if (name === '' || path.endsWith('/')) throw refuse(path, 'is no name of a file');
    this.#addDirectories(parts.slice(0, -1), path);
    if (this.#directories.has(name)) throw refuse(path, 'is a directory and something else in one');

    if (type === 'symlink') return this.#symbolicLink(path, name, target ?? '');
    if (type === 'link') return this.#hardLink(path, name, target ?? '');
    this.#links.delete(name);
    this.#files.add(name);
    return { kind: 'file', path: name, bytes, isExecutable: (mode & EXECUTABLE) !== 0 };
  }

  /** After the last entry: whether every link stays inside, through other links too, and whether there is anything. */
  end(): void {
    if (this.files === 0)
      throw new SwitchyardError('upload-refused', 'The archive holds no file. Pack the content of the folder.');
    for (const link of this.#links.keys()) this.#follow(link);
  }

  #addDirectories(parts: readonly string[], path: string): void {
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const name = parts.slice(0, depth).join('/');
      if (this.#files.has(name) || this.#links.has(name))
        throw refuse(path, `lies below ${name}, which is no directory`);
      this.#directories.add(name);
    }
  }

  #symbolicLink(path: string, name: string, target: string): ArchiveEntry {
    if (
      target === '' ||
      target.includes('\0') ||
      target.includes('\uFFFD') ||
      bytesOf(target) > LIMITS.maxUploadPathBytes
    )
      throw refuse(path, 'is a link that leads nowhere');
    if (target.startsWith('/')) throw refuse(path, `is a link to ${target}, out of the folder`);
    this.#files.delete(name);
    this.#links.set(name, target);
    return { kind: 'symbolic-link', path: name, target };
  }

  #hardLink(path: string, name: string, target: string): ArchiveEntry {
    const to = partsOf(target).join('/');
    if (!this.#files.has(to)) throw refuse(path, `is a link to ${target}, which is no earlier file of the archive`);
    this.#links.delete(name);
    this.#files.add(name);
    return { kind: 'hard-link', path: name, target: to };
  }

  /** Walks as the system would: a `..` goes up from where the links before it have led. */
  #follow(link: string): void {
    const todo = link.split('/').toReversed();
    /** The directories on the way, each by its whole path. */
    const at: string[] = [];
    let followed = 0;
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      this.#steps += 1;
      if (this.#steps > MAX_STEPS) throw refuse(link, 'is one link too many to follow');
      if (part === '' || part === '.') continue;
      if (part === '..') {
        if (at.pop() === undefined) throw refuse(link, `is a link to ${this.#links.get(link)}, out of the folder`);
        continue;
      }
      const above = at.at(-1);
      const place = above === undefined ? part : `${above}/${part}`;
      const target = this.#links.get(place);
      if (target === undefined) {
        at.push(place);
        continue;
      }
      followed += 1;
      if (followed > LIMITS.maxUploadLinks) throw refuse(link, 'is a link that leads in a circle');
      todo.push(...target.split('/').toReversed());
    }
  }
}

import { lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/**
 * The file system that a command sees: the host's, with the app's tree at one constant path and with what is not the app's business left
 * out. It is put together in a mount namespace of the command's own, so that nothing of it is in the host's, and goes with it.
 */

/** Where every command and instance sees its tree. */
export const APP_DIRECTORY = '/app';

/** An entry of `/`; `target` is a symbolic link's. */
export interface TopLevelEntry {
  readonly name: string;
  readonly target: string | null;
}

/** A path of the host that is seen although a directory above it is hidden. */
export interface Shown {
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly writable: boolean;
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: string;
}

export interface PrivateRootPlan {
  /** Relative to the place; parents first. */
  readonly directories: readonly string[];
  readonly files: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  /** Between the host's directories and `/proc`. In order. */
  readonly mounts: readonly Mount[];
}

/** Directories that are made anew, or that no app has a use for. */
const LEFT_OUT = new Set(['proc', 'app', 'boot', 'lost+found', '.old']);

const isBelow = (path: string, directory: string) => path === directory || path.startsWith(directory + sep);
/** With every directory on the way, parents first. */
const withParents = (path: string): string[] => {
  const parts = path.split('/').filter((part) => part !== '');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
};

/** Without those that another one hides; one that is inside of what is shown has to be hidden again. Outer ones first. */
function outermost(hidden: readonly string[], shown: readonly Shown[]): string[] {
  const distinct = [...new Set(hidden)].toSorted();
  const isHidden = (one: string) =>
    distinct.some((other) => other !== one && isBelow(one, other)) && !shown.some(({ path }) => isBelow(one, path));
  return distinct.filter((one) => !isHidden(one));
}

/** `place` is an absolute directory of the command's own; `root` below it becomes `/`. */
export function planPrivateRoot(request: {
  readonly place: string;
  readonly topLevel: readonly TopLevelEntry[];
  readonly hidden: readonly string[];
  readonly shown: readonly Shown[];
}): PrivateRootPlan {
  const { place, topLevel, shown } = request;
  const root = join(place, 'root');
  const hidden = outermost(request.hidden, shown);
  const kept = topLevel.filter(({ name }) => !LEFT_OUT.has(name));
  const directories = ['root', 'root/proc', 'root/app', 'root/.old'];
  const files: string[] = [];
  const mounts: Mount[] = [{ source: root, target: root, type: 'none', options: 'rbind' }];
  for (const { name, target } of kept) {
    if (target !== null) continue;
    directories.push(`root/${name}`);
    mounts.push({ source: `/${name}`, target: join(root, name), type: 'none', options: 'rbind' });
  }
  hidden.forEach((directory, index) => {
    const mask = `mask-${index}`;
    directories.push(mask);
    mounts.push({ source: join(place, mask), target: root + directory, type: 'none', options: 'bind' });
    const belongs = ({ path }: Shown) => hidden.findLast((other) => isBelow(path, other)) === directory;
    for (const one of shown.filter(belongs)) {
      const within = join(mask, one.path.slice(directory.length));
      const above = one.kind === 'file' ? dirname(within) : within;
      directories.push(...withParents(above));
      if (one.kind === 'file') files.push(within);
      const options = one.writable ? 'rbind' : 'bind,ro';
      mounts.push({ source: one.path, target: root + one.path, type: 'none', options });
    }
  });
  return {
    directories: [...new Set(directories)],
    files,
    links: kept.flatMap(({ name, target }) => (target === null ? [] : [{ path: `root/${name}`, target }])),
    mounts,
  };
}

/** What a line of fstab can't hold as it is. */
const escaped = (field: string) =>
  field.replaceAll(/[\\ \t\n]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

/** Lines for `mount --all --fstab`: one process for all mounts (18 mounts in 5 ms, a process each 23 ms). */
export function fstab(mounts: readonly Mount[]): string {
  return mounts
    .map(({ source, target, type, options }) => `${[source, target, type, options].map(escaped).join(' ')} 0 0\n`)
    .join('');
}

export function writePrivateRoot(place: string, plan: PrivateRootPlan): void {
  for (const path of plan.directories) mkdirSync(join(place, path), { recursive: true, mode: 0o755 });
  for (const path of plan.files) writeFileSync(join(place, path), '');
  for (const { path, target } of plan.links) symlinkSync(target, join(place, path));
}

export function topLevelEntries(): TopLevelEntry[] {
  return readdirSync('/', { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return { name: entry.name, target: null };
    if (entry.isSymbolicLink()) return { name: entry.name, target: readlinkSync(`/${entry.name}`) };
    return [];
  });
}

/** The outermost directory above a path that lets nobody but its owner through; null where there is none. */
export function closedAbove(path: string): string | null {
  const above = withParents(dirname(path)).map((one) => `/${one}`);
  return above.find((directory) => (lstatSync(directory).mode & 0o001) === 0) ?? null;
}

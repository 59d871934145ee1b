import { posix } from 'node:path';

/** Joins a path to a directory of the repository: `inDirectory('.', 'a')` is `a`. Null where it leads out of the repository. */
export function inDirectory(directory: string, path: string): string | null {
  const joined = posix.normalize(posix.join(directory, path)).replace(/\/$/, '');
  return joined.startsWith('..') || posix.isAbsolute(path) ? null : joined;
}

/** The way from a directory of the repository up to one above it: `up('apps/web', '.')` is `../..`. */
export function up(from: string, to: string): string {
  return posix.relative(`/${from}`, `/${to}`) || '.';
}

/** All directories from `directory` up to the repository's root, nearest first. */
export function ancestors(directory: string): string[] {
  const found: string[] = [];
  for (let at = directory; at !== '.'; at = posix.dirname(at)) found.push(at);
  return [...found, '.'];
}

/**
 * Whether a directory is named by workspace globs as package managers write them (`packages/*`, `apps/**`, `{a,b}/*`, `!tools/*`).
 */
export function matchesGlobs(path: string, globs: readonly string[]): boolean {
  const matches = (glob: string): boolean => globPattern(glob.replace(/^\.\//, '').replace(/\/$/, '')).test(path);
  return (
    globs.some((glob) => !glob.startsWith('!') && matches(glob)) &&
    !globs.some((glob) => glob.startsWith('!') && matches(glob.slice(1)))
  );
}

function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/?|\*|\?|\{[^{}]*\}|[.+^$()|[\]\\{}]/g, (part) => {
    if (part === '**/') return '(?:[^/]+/)*';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 2) {
      const choices = part.slice(1, -1).split(',');
      return `(?:${choices.map((choice) => globPattern(choice).source.slice(1, -1)).join('|')})`;
    }
    return `\\${part}`;
  });
  return new RegExp(`^${source}$`);
}

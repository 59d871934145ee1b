import { SwitchyardError } from '@switchyard/domain';

/** A submodule that a commit names: where it lies, where it comes from, which commit. */
export interface Submodule {
  readonly path: string;
  readonly url: string;
  readonly sha: string;
}

/** `git config --list -z`: `<key>\n<value>\0`. Answers url and update by path. */
function parseModules(text: string): Map<string, { url: string | null; update: string | null }> {
  const byName = new Map<string, Record<string, string>>();
  for (const entry of text.split('\0')) {
    const [, name, key] = /^submodule\.([\s\S]+)\.(path|url|update)$/.exec(entry.split('\n', 1)[0] ?? '') ?? [];
    if (name === undefined || key === undefined) continue;
    byName.set(name, { ...byName.get(name), [key]: entry.slice(entry.indexOf('\n') + 1) });
  }
  return new Map(
    [...byName.values()].flatMap(({ path, url = null, update = null }) =>
      path === undefined ? [] : [[path.replace(/\/+$/, ''), { url, update }] as const],
    ),
  );
}

/** `git ls-tree -r -z`, with `-l` or without: the entries that are commits of other repositories. */
function parseLinks(text: string): { path: string; sha: string }[] {
  return text.split('\0').flatMap((line) => {
    const [, sha, path] = /^160000 commit ([0-9a-f]+)(?: +-)?\t([\s\S]+)$/.exec(line) ?? [];
    return sha === undefined || path === undefined ? [] : [{ sha, path }];
  });
}

/** Paths that Git itself would not write: a tree made by hand may hold them. */
const isSafe = (path: string): boolean =>
  path.split('/').every((part) => !/^(?:|\.|\.\.|\.git)$/i.test(part) && !/[\p{Cc}\\]/u.test(part));

/** An address in .gitmodules may be relative to the repository's own. */
export function submoduleUrl(url: string, parent: string): string {
  if (!/^\.\.?\//.test(url)) return url;
  let base = parent.replace(/\/+$/, '');
  let rest = url;
  for (;;) {
    if (rest.startsWith('./')) {
      rest = rest.slice(2);
    } else if (rest.startsWith('../')) {
      rest = rest.slice(3);
      const cut = Math.max(base.lastIndexOf('/'), /^[^/]+@[^/]+:[^/]*$/.test(base) ? base.lastIndexOf(':') : -1);
      if (cut < 0 || base[cut - 1] === '/') throw refused(url, 'its address leads out of the host');
      // `git@host:app` leaves `git@host:`, which the next part is put behind.
      base = base[cut] === ':' ? base.slice(0, cut + 1) : base.slice(0, cut);
    } else {
      return base.endsWith(':') ? `${base}${rest}` : `${base}/${rest}`;
    }
  }
}

export function refused(what: string, why: string, cause?: unknown): SwitchyardError {
  return new SwitchyardError(
    'submodule-refused',
    `The submodule ${JSON.stringify(what.slice(0, 200))} can't be fetched: ${why}.`,
    {},
    cause,
  );
}

/**
 * What is to be fetched besides a commit's own tree, with absolute addresses. A link that .gitmodules does not name stays an empty directory,
 * as with Git itself; one with `update = none` too.
 */
export function submodulesOf(modules: string, tree: string, parent: string): Submodule[] {
  const known = parseModules(modules);
  return parseLinks(tree).flatMap(({ path, sha }) => {
    const module = known.get(path);
    if (module === undefined || module.url === null || module.update === 'none') return [];
    if (!isSafe(path)) throw refused(path, 'its path is not one that Git writes');
    return [{ path, sha, url: submoduleUrl(module.url, parent) }];
  });
}

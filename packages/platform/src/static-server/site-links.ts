import { readdirSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** What symbolic links in a site mean for serving it. */
export interface SiteLinks {
  /** Whether there are any: then files are looked up when they are asked for, since a walk could go in circles or out into the machine. */
  readonly any: boolean;
  /** Whether a request's (decoded) path goes through a link that leads out of the site, or nowhere. */
  leadsOut(pathname: string): boolean;
}

function isOutside(root: string, path: string): boolean {
  try {
    const target = realpathSync(path);
    return target !== root && !target.startsWith(root + sep);
  } catch {
    return true;
  }
}

export function findSiteLinks(directory: string): SiteLinks {
  const root = realpathSync(directory);
  const links = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  const out = links
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => isOutside(root, path))
    .map((path) => `/${relative(root, path).replaceAll(sep, '/')}`);
  const meant = (pathname: string) => [pathname, `${pathname}.html`, join(pathname, 'index.html')];
  return {
    any: links.length > 0,
    leadsOut: (pathname) =>
      out.some((link) =>
        meant(pathname.replace(/\/$/, '')).some((path) => path === link || path.startsWith(`${link}/`)),
      ),
  };
}

import { lchown, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TeamId } from '@switchyard/domain';
import type { DownloadScope, Toolchain } from '../platform.ts';
import type { AppUser } from './app-user.ts';
import { isErrno } from './disk.ts';
import { copyTree, giveTree } from './file-tree.ts';

/**
 * Where package managers keep their downloads by default, below HOME: linked to a place that is kept, so that no variable is needed.
 * Not bun's: it makes hard links from there into the tree, and no setting but a flag of its command keeps it from that.
 */
export const KEPT_DOWNLOADS = {
  '.npm': 'npm',
  '.cache/yarn': 'yarn',
  '.cache/pnpm': 'pnpm-metadata',
  '.yarn/berry': 'yarn-berry',
  '.cache/node-gyp': 'node-gyp',
  '.cache/prisma': 'prisma',
} as const;

/** `<data>/caches/`: `teams/<team>/` for the commands of a team's apps, `host/` for what we fetch ourselves. */
export const hostDownloads = (caches: string): string => join(caches, 'host');
const teamDownloads = (caches: string): string => join(caches, 'teams');

export interface DownloadPlace {
  /** Where a copy goes, for code that is not trusted. */
  readonly own: string;
  /** Who writes there; users can't write into each other's, so that each has a directory of its own below the team's. */
  readonly user: AppUser | null;
  readonly signal: AbortSignal;
}

/**
 * The directory of downloads for one run. A run of code that is not trusted gets a copy below `own`: a copy-on-write clone where the
 * file system can, else as long as the copying takes.
 */
export async function openDownloads(
  caches: string,
  { teamId, trusted }: DownloadScope,
  { own, user, signal }: DownloadPlace,
): Promise<string> {
  const team = join(teamDownloads(caches), TeamId.parse(teamId));
  const shared = user === null ? team : join(team, `user-${user.uid}`);
  await mkdir(shared, { recursive: true });
  const now = new Date();
  // When it was last used, for whoever has to free the disk.
  await utimes(team, now, now).catch((error: unknown) => {
    if (!isErrno(error, 'ENOENT')) throw error;
  });
  if (trusted) return shared;
  await copyTree(shared, own, { signal });
  if (user !== null) await giveTree(own, user);
  return own;
}

/** Directories that `fillHome` made there become the user's; what is in them was written by that user. */
export async function giveDownloads(downloads: string, { uid }: AppUser): Promise<void> {
  await lchown(downloads, uid, uid);
  for (const name of await readdir(downloads)) await lchown(join(downloads, name), uid, uid);
}

/**
 * Fills a HOME for commands. pnpm writes its store's path into `node_modules`, so that is named by its constant path; it must not link
 * files from there into the tree, since a build that writes to one would change the store for everybody.
 */
export async function fillHome(home: string, caches: string): Promise<void> {
  for (const [below, name] of Object.entries(KEPT_DOWNLOADS)) {
    const target = join(caches, name);
    await mkdir(target, { recursive: true });
    await mkdir(dirname(join(home, below)), { recursive: true });
    await symlink(target, join(home, below));
  }
  const store = join(caches, 'pnpm');
  const configuration = join(home, '.config', 'pnpm');
  await mkdir(store, { recursive: true });
  await mkdir(configuration, { recursive: true });
  // `rc` up to pnpm 10, `config.yaml` from 11 on.
  await writeFile(join(configuration, 'rc'), `store-dir=${store}\npackage-import-method=clone-or-copy\n`);
  await writeFile(
    join(configuration, 'config.yaml'),
    `storeDir: ${JSON.stringify(store)}\npackageImportMethod: clone-or-copy\n`,
  );
  // yarn 1 takes /usr/local/share for root's home, but reads this in any directory above the tree.
  await writeFile(join(home, '..', '.yarnrc'), `cache-folder ${JSON.stringify(join(caches, 'yarn'))}\n`);
}

/**
 * Said once more in the environment, which pnpm puts above a repository's own `.npmrc`: a repository that asks for hard links would let
 * its build write into the store. npm warns of variables that it does not know, so that only pnpm gets them.
 */
export function pnpmVariables({ packageManager }: Toolchain): Readonly<Record<string, string>> {
  if (packageManager?.name !== 'pnpm') return {};
  return {
    npm_config_package_import_method: 'clone-or-copy',
    pnpm_config_package_import_method: 'clone-or-copy',
  };
}

import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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

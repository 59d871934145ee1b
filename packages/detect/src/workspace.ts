import { posix } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { FileTree } from './file-tree.ts';
import { type Manifest, parseManifest, readManifest } from './manifest.ts';
import { ancestors, inDirectory, matchesGlobs } from './paths.ts';

/** A package of a workspace: its directory and what its manifest says. */
export interface Member {
  readonly directory: string;
  readonly manifest: Manifest;
}

/** Where packages are installed: the app's own directory, or the root of the workspace that it belongs to. */
export interface InstallRoot {
  readonly directory: string;
  readonly manifest: Manifest;
  /** The workspace's packages without its root; empty where it is none. */
  readonly members: readonly Member[];
}

const PnpmWorkspace = z.looseObject({ packages: z.array(z.string()).optional().catch(undefined) });

async function globsOf(tree: FileTree, directory: string, manifest: Manifest): Promise<readonly string[]> {
  const content = await tree.read(inDirectory(directory, 'pnpm-workspace.yaml') ?? 'pnpm-workspace.yaml');
  if (content !== null) {
    try {
      const parsed = PnpmWorkspace.safeParse(parseYaml(content) ?? {});
      if (parsed.success && parsed.data.packages !== undefined) return parsed.data.packages;
    } catch {
      // pnpm will say what is wrong with the file, with its line.
    }
  }
  return manifest.workspaces ?? [];
}

/** Where the app in `directory` gets its packages. Null where no manifest is there. */
export async function findInstallRoot(tree: FileTree, directory: string): Promise<InstallRoot | null> {
  const own = await readManifest(tree, directory);
  for (const at of ancestors(directory)) {
    const manifest = at === directory ? own : await readManifest(tree, at);
    if (manifest === null) continue;
    const globs = await globsOf(tree, at, manifest);
    const isMember = at === directory || matchesGlobs(posix.relative(at, directory), globs);
    if (globs.length > 0 && isMember) return { directory: at, manifest, members: await membersOf(tree, at, globs) };
  }
  return own === null ? null : { directory, manifest: own, members: [] };
}

async function membersOf(tree: FileTree, root: string, globs: readonly string[]): Promise<Member[]> {
  const found: Member[] = [];
  for (const file of await tree.files()) {
    if (posix.basename(file) !== 'package.json' || file.includes('node_modules/')) continue;
    const directory = posix.dirname(file);
    const relative = posix.relative(root, directory);
    if (relative === '' || relative.startsWith('..') || !matchesGlobs(relative, globs)) continue;
    const content = await tree.read(file);
    if (content !== null) found.push({ directory, manifest: parseManifest(file, content) });
  }
  return found.toSorted((a, b) => (a.directory < b.directory ? -1 : 1));
}

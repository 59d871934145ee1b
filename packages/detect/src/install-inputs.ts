import { posix } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Decisions } from './decisions.ts';
import type { FileTree } from './file-tree.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { allDependencies, type Manifest } from './manifest.ts';
import type { PackageManagerChoice } from './package-manager.ts';
import { inDirectory } from './paths.ts';
import type { InstallRoot, Member } from './workspace.ts';

/** Files and directories beside a manifest that package managers read. Directories end in `/`. */
const BESIDE_MANIFEST = [
  'package.json',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  '.pnpmfile.cjs',
  '.pnpmfile.mjs',
  'pnpmfile.js',
  'pnpm-workspace.yaml',
  'bunfig.toml',
  '.yarn/releases/',
  '.yarn/plugins/',
  '.yarn/cache/',
  '.yarn/patches/',
  'patches/',
  'prisma.config.ts',
];

const PRISMA = ['prisma', '@prisma/client'];

/**
 * What install may see: what decides which packages come and how, and nothing of the app's sources, so that a changed source line does
 * not cost an install, and a changed schema does not leave a stale client behind.
 */
export async function installInputs(
  tree: FileTree,
  root: InstallRoot,
  manager: PackageManagerChoice,
  decisions: Decisions,
): Promise<string[]> {
  const scripted = root.members.filter(({ manifest }) =>
    LIFECYCLE.some((name) => manifest.scripts[name] !== undefined),
  );
  if (scripted.length > 0) {
    const names = scripted.map(({ directory }) => directory).join(', ');
    decisions.because(
      'install sees',
      'the whole repository',
      `packages of the workspace have lifecycle scripts, which may need their sources: ${names}`,
    );
    return everything(await tree.list('.'));
  }
  const files = await tree.files();
  const known = new Set(files);
  const directories = new Set(files.flatMap(parentsOf));
  const inputs = new Set<string>();
  const add = (directory: string, path: string): void => {
    const full = inDirectory(directory, path);
    if (full === null) decisions.warn(`${path} leads out of the repository: install will not find it.`);
    else if (known.has(full)) inputs.add(full);
    else if (directories.has(full)) inputs.add(`${full}/`);
  };

  const members: readonly Member[] = [root, ...root.members];
  for (const { directory, manifest } of members) {
    for (const path of BESIDE_MANIFEST) add(directory, path);
    for (const path of localDependencies(manifest)) add(directory, path);
    // A package manager links a program only when its file is there at that time.
    if (directory !== root.directory) for (const path of programsOf(manifest)) add(directory, path);
  }
  if (manager.lockfile !== null) add(root.directory, manager.lockfile);
  for (const path of patchFiles(root.manifest, await workspaceText())) add(root.directory, path);
  const mirror = /^\s*yarn-offline-mirror\s+"?([^"\n]+)"?/m.exec((await readBeside('.yarnrc')) ?? '')?.[1];
  if (mirror !== undefined) add(root.directory, mirror.trim());
  if (members.some(({ manifest }) => PRISMA.some((name) => allDependencies(manifest)[name] !== undefined))) {
    for (const file of files) if (file.endsWith('.prisma') && !file.includes('node_modules/')) inputs.add(file);
  }
  return sorted(inputs);

  function readBeside(name: string): Promise<string | null> {
    return tree.read(inDirectory(root.directory, name) ?? name);
  }
  function workspaceText(): Promise<string | null> {
    return readBeside('pnpm-workspace.yaml');
  }
}

function everything(entries: readonly string[]): string[] {
  return entries.filter((entry) => entry !== '.git/').toSorted();
}

function parentsOf(file: string): string[] {
  const parents: string[] = [];
  for (let at = posix.dirname(file); at !== '.'; at = posix.dirname(at)) parents.push(at);
  return parents;
}

/** Paths of `file:`, `link:` and `portal:` dependencies, and of plain paths, which npm takes as well. */
function localDependencies(manifest: Manifest): string[] {
  return Object.values(allDependencies(manifest)).flatMap((wanted) => {
    const path = /^(?:file:|link:|portal:)(?:\/\/)?(.+)$/.exec(wanted)?.[1] ?? /^\.{1,2}\/.+$/.exec(wanted)?.[0];
    return path === undefined ? [] : [path];
  });
}

function programsOf(manifest: Manifest): string[] {
  if (manifest.bin === undefined) return [];
  return typeof manifest.bin === 'string' ? [manifest.bin] : Object.values(manifest.bin);
}

const Patches = z.looseObject({ patchedDependencies: z.record(z.string(), z.string()).default({}) });

function patchFiles(manifest: Manifest, workspaceText: string | null): string[] {
  const own = Object.values(manifest.pnpm?.patchedDependencies ?? {});
  try {
    const parsed = Patches.safeParse(parseYaml(workspaceText ?? '') ?? {});
    return parsed.success ? [...own, ...Object.values(parsed.data.patchedDependencies)] : own;
  } catch {
    return own;
  }
}

/** Sorted, and without what lies in a directory that is an input itself. */
function sorted(inputs: ReadonlySet<string>): string[] {
  const directories = [...inputs].filter((path) => path.endsWith('/'));
  return [...inputs]
    .filter((path) => !directories.some((directory) => path !== directory && path.startsWith(directory)))
    .toSorted();
}

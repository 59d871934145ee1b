import type { Decisions } from './decisions.ts';
import type { FileTree } from './file-tree.ts';
import { FRAMEWORKS, type Framework, SERVER_LIBRARIES } from './frameworks.ts';
import { allDependencies, type Manifest } from './manifest.ts';
import type { PackageManagerChoice } from './package-manager.ts';
import { inDirectory } from './paths.ts';
import type { Said } from './settings.ts';
import type { InstallRoot } from './workspace.ts';

/** Everything that later decisions look at, found out once. */
export interface App {
  readonly tree: FileTree;
  readonly settings: Said;
  readonly procfile: ReadonlyMap<string, string>;
  /** The app's directory. */
  readonly root: string;
  readonly manifest: Manifest | null;
  readonly install: InstallRoot | null;
  readonly manager: PackageManagerChoice | null;
  readonly framework: Framework | null;
  /** The library with which it answers HTTP itself. */
  readonly serverLibrary: string | null;
  readonly files: ReadonlySet<string>;
  /** Scripts that `index.html` loads: they are the browser's, whatever they are called. */
  readonly pageScripts: ReadonlySet<string>;
  readonly decisions: Decisions;
}

export function findFramework(manifest: Manifest | null): Framework | null {
  if (manifest === null) return null;
  const dependencies = { ...manifest.devDependencies, ...manifest.dependencies };
  return FRAMEWORKS.find(({ packages }) => packages.some((name) => dependencies[name] !== undefined)) ?? null;
}

export function findServerLibrary(manifest: Manifest | null): string | null {
  if (manifest === null) return null;
  return SERVER_LIBRARIES.find(([dependency]) => manifest.dependencies[dependency] !== undefined)?.[1] ?? null;
}

export function dependsOn(app: App, name: string): boolean {
  return app.manifest !== null && allDependencies(app.manifest)[name] !== undefined;
}

/** Text of a file in the app's directory. */
export function readOwn(app: App, path: string): Promise<string | null> {
  return app.tree.read(inDirectory(app.root, path) ?? path);
}

/** The first of some files in the app's directory that is there, with its text. */
export async function readFirst(app: App, paths: readonly string[]): Promise<{ path: string; content: string } | null> {
  for (const path of paths) {
    const content = await readOwn(app, path);
    if (content !== null) return { path, content };
  }
  return null;
}

export function hasFile(app: App, path: string): boolean {
  return app.files.has(inDirectory(app.root, path) ?? path);
}

/** Paths in the app's directory of the scripts that its page loads. */
export async function pageScriptsOf(tree: FileTree, root: string): Promise<ReadonlySet<string>> {
  const page = (await tree.read(inDirectory(root, 'index.html') ?? 'index.html')) ?? '';
  const sources = [...page.matchAll(/<script\b[^>]*\bsrc=["']?([^"'\s>]+)/gi)].map(([, source = '']) => source);
  return new Set(sources.flatMap((source) => inDirectory('.', source.replace(/^\//, '').replace(/[?#].*$/, '')) ?? []));
}

import { readdir, readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { ArchivedFile } from './archive.ts';

const DIRECTORY = '/usr/local/lib/switchyard/static-server';
/** From the sources (in tests) it is TypeScript, which Node 24 runs as it is. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** Where a release of a static site has its server. */
export const STATIC_SERVER = `${DIRECTORY}/main.${EXTENSION}`;

const Manifest = z.object({ name: z.string(), dependencies: z.record(z.string(), z.string()).optional() });

async function filesBelow(directory: string, place: string): Promise<ArchivedFile[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !entry.parentPath.slice(directory.length).includes('node_modules'))
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { name: join(place, relative(directory, path)), content: await readFile(path) };
      }),
  );
}

/** A package's directory: the nearest above its entry whose manifest has its name. */
async function packageDirectory(name: string, from: string): Promise<{ directory: string; dependencies: string[] }> {
  for (const path of createRequire(from).resolve.paths(name) ?? []) {
    const directory = join(path, name);
    const manifest = await readFile(join(directory, 'package.json'), 'utf8').catch(() => null);
    if (manifest === null) continue;
    return { directory, dependencies: Object.keys(Manifest.parse(JSON.parse(manifest)).dependencies ?? {}) };
  }
  throw new Error(`The package ${name} is not installed beside Switchyard`);
}

async function addPackage(
  name: string,
  from: string,
  files: Map<string, ArchivedFile>,
  seen: Set<string>,
): Promise<void> {
  if (seen.has(name)) return;
  seen.add(name);
  const { directory, dependencies } = await packageDirectory(name, from);
  const place = `${DIRECTORY.slice(1)}/node_modules/${name}`;
  for (const file of await filesBelow(directory, place)) files.set(file.name, file);
  for (const dependency of dependencies) await addPackage(dependency, await realManifest(directory), files, seen);
}

/** Dependencies are found from where a package really is, not from the link to it. */
async function realManifest(directory: string): Promise<string> {
  return join(await realpath(directory), 'package.json');
}

/** The static server with the packages that it needs. */
export async function staticServerFiles(): Promise<ArchivedFile[]> {
  const source = fileURLToPath(new URL('../static-server/', import.meta.url));
  const files = new Map<string, ArchivedFile>();
  for (const name of await readdir(source)) {
    if (!new RegExp(`^[a-z-]+\\.${EXTENSION}$`).test(name)) continue;
    files.set(name, { name: `${DIRECTORY.slice(1)}/${name}`, content: await readFile(join(source, name)) });
  }
  const manifest = Buffer.from('{"type":"module"}\n');
  files.set('package.json', { name: `${DIRECTORY.slice(1)}/package.json`, content: manifest });
  await addPackage('sirv', join(source, 'main.js'), files, new Set());
  return [...files.values()];
}

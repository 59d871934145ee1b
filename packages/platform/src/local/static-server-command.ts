import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { quote } from './entrance.ts';

export interface StaticSite {
  /** Inside the app's directory. */
  readonly directory: string;
  readonly spa: boolean;
  readonly host: string;
  readonly port: number;
}

/** Built, it is a plain script. From the sources (in tests) Node needs a loader for TypeScript. */
function serverWords(): string[] {
  if (!import.meta.url.endsWith('.ts'))
    return [process.execPath, fileURLToPath(new URL('../static-server/main.js', import.meta.url))];
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return [process.execPath, '--import', loader, fileURLToPath(new URL('../static-server/main.ts', import.meta.url))];
}

/** What it is made of: where a command can't see the rest of Switchyard, it has to see this. */
export function serverPaths(): { readonly path: string; readonly kind: 'directory' }[] {
  // This package, and where its dependencies' links lead.
  return ['../..', '../../../../node_modules']
    .map((relative) => fileURLToPath(new URL(relative, import.meta.url)))
    .filter((path) => existsSync(path))
    .map((path) => ({ path, kind: 'directory' }));
}

/** The command line that serves a static site. */
export function staticServerCommand({ directory, spa, host, port }: StaticSite): string {
  const words = [...serverWords(), directory, host, String(port), ...(spa ? ['--spa'] : [])];
  return `exec ${words.map(quote).join(' ')}`;
}

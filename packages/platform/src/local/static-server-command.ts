import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

export interface StaticSite {
  /** Inside the app's directory. */
  readonly directory: string;
  readonly spa: boolean;
  readonly host: string;
  readonly port: number;
}

/** One word for `sh`. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Built, it is a plain script. From the sources (in tests) Node needs a loader for TypeScript. */
function serverWords(): string[] {
  if (!import.meta.url.endsWith('.ts'))
    return [process.execPath, fileURLToPath(new URL('../static-server/main.js', import.meta.url))];
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return [process.execPath, '--import', loader, fileURLToPath(new URL('../static-server/main.ts', import.meta.url))];
}

/** The command line that serves a static site. */
export function staticServerCommand({ directory, spa, host, port }: StaticSite): string {
  const words = [...serverWords(), directory, host, String(port), ...(spa ? ['--spa'] : [])];
  return `exec ${words.map(quote).join(' ')}`;
}

import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import type { Files } from '../../tests/harness/repository.ts';
import type { Commands } from './by-hand.ts';

const ROOT = join(import.meta.dirname, '../..');

/** An app to deploy, and what its people would type themselves. */
export interface MeasuredApp {
  readonly name: string;
  readonly directory: string;
  readonly commands: Commands;
  /** The file that a code change rewrites, and its text for one version. */
  change(version: number): Files;
}

export const APPS: readonly MeasuredApp[] = [
  {
    name: 'hello',
    directory: join(ROOT, 'examples/hello'),
    // It has a lockfile and no dependencies: there is nothing to install.
    commands: { install: 'npm ci', build: 'npm run build', start: 'npm start' },
    change: (version) => ({ 'src/version.txt': `${version}\n` }),
  },
  {
    name: 'vite',
    directory: join(ROOT, 'bench/fixtures/vite'),
    commands: { install: 'npm ci', build: 'npm run build', start: 'npx vite preview --host "$HOST" --port "$PORT"' },
    change: (version) => ({ 'src/version.js': `export const version = ${version};\n` }),
  },
  {
    name: 'express-drizzle',
    directory: join(ROOT, 'bench/fixtures/express-drizzle'),
    commands: { install: 'npm ci', build: 'npm run build', start: 'npm start' },
    change: (version) => ({ 'src/version.ts': `export const version = ${version};\n` }),
  },
];

/** All files of an app but for what its own commands make. */
export async function filesOf({ directory }: MeasuredApp): Promise<Files> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const pairs = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
      .filter((path) => !/^(node_modules|dist)\//.test(path))
      .map(async (path) => [path, await readFile(join(directory, path), 'utf8')] as const),
  );
  return Object.fromEntries(pairs);
}

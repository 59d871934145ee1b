import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installCommand, runProgram, runScript, withoutRootScripts } from './install.ts';
import type { PackageManagerChoice } from './package-manager.ts';

const run = promisify(execFile);
const manager = (values: Partial<PackageManagerChoice>): PackageManagerChoice => ({
  name: 'npm',
  version: '11',
  lockfile: 'package-lock.json',
  berry: false,
  plugAndPlay: false,
  yarnPath: null,
  asksForScripts: false,
  ...values,
});

it.each<[Partial<PackageManagerChoice>, string]>([
  [{}, 'npm ci --include=dev --no-audit --no-fund'],
  [{ lockfile: null }, 'npm install --include=dev --no-audit --no-fund'],
  [{ version: '6' }, 'npm ci --production=false --no-audit --no-fund'],
  [{ name: 'pnpm', version: '9' }, 'pnpm install --frozen-lockfile --prod=false'],
  [{ name: 'pnpm', lockfile: null }, 'pnpm install --no-frozen-lockfile --prod=false'],
  [{ name: 'yarn', version: '1' }, 'yarn install --frozen-lockfile --production=false --non-interactive'],
  [{ name: 'yarn', version: '1', lockfile: null }, 'yarn install --production=false --non-interactive'],
  [{ name: 'yarn', version: '4.9.1', berry: true }, 'yarn install --immutable'],
  [{ name: 'yarn', version: '4', berry: true, asksForScripts: true }, 'YARN_ENABLE_SCRIPTS=1 yarn install --immutable'],
  [
    { name: 'yarn', version: '4.9.1', berry: true, plugAndPlay: true },
    'YARN_ENABLE_GLOBAL_CACHE=0 yarn install --immutable',
  ],
  [{ name: 'bun' }, 'bun install --frozen-lockfile'],
])('%j installs with %s', (values, command) => {
  expect(installCommand(manager(values), true)).toBe(command);
});

it('pnpm does not look for a workspace above a repository that is none', () => {
  expect(installCommand(manager({ name: 'pnpm' }), false)).toBe(
    `${installCommand(manager({ name: 'pnpm' }), true)} --ignore-workspace`,
  );
});

it('scripts and programs are run in the manager’s own way', () => {
  expect(runScript(manager({ name: 'bun' }), 'build')).toBe('bun run build');
  expect(runProgram(manager({}), 'vite build')).toBe('npx --no-install vite build');
  expect(runProgram(manager({ name: 'pnpm' }), 'vite build')).toBe('pnpm exec vite build');
  expect(runProgram(manager({ name: 'yarn' }), 'vite build')).toBe('yarn run vite build');
});

describe('an install without the root’s scripts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'switchyard-detect-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const shell = (where: string, command: string): Promise<unknown> =>
    run('sh', ['-c', command], {
      cwd: join(directory, where),
      env: { PATH: process.env['PATH'], HOME: join(directory, 'home') },
    });
  const write = async (where: string, manifest: object): Promise<void> => {
    await mkdir(join(directory, where));
    await writeFile(join(directory, where, 'package.json'), JSON.stringify(manifest));
  };

  it('runs the dependencies’ scripts, and leaves the manifest as it was', async () => {
    await mkdir(join(directory, 'home'));
    await write('scripted', {
      name: 'scripted',
      version: '1.0.0',
      scripts: { postinstall: 'echo built > built.txt' },
    });
    await shell('scripted', 'npm pack --silent');
    await write('app', {
      name: 'app',
      version: '1.0.0',
      scripts: { preinstall: 'touch ROOT-1', postinstall: 'touch ROOT-2', prepare: 'touch ROOT-3', build: 'true' },
      dependencies: { scripted: 'file:scripted-1.0.0.tgz' },
    });
    await shell('app', 'mv ../scripted/*.tgz . && npm install --package-lock-only --ignore-scripts --no-audit');
    const before = await readFile(join(directory, 'app', 'package.json'), 'utf8');

    await shell('app', withoutRootScripts(installCommand(manager({}), true)));

    await access(join(directory, 'app', 'node_modules', 'scripted', 'built.txt'));
    expect(await readFile(join(directory, 'app', 'package.json'), 'utf8')).toBe(before);
    const entries = await readdir(join(directory, 'app'));
    expect(entries.toSorted()).toEqual(['node_modules', 'package-lock.json', 'package.json', 'scripted-1.0.0.tgz']);
  });
});

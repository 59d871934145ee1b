import { describe, expect, it } from 'vitest';
import { Decisions } from './decisions.ts';
import { parseManifest } from './manifest.ts';
import { treeOf } from './memory-tree.ts';
import { decidePackageManager, type PackageManagerChoice } from './package-manager.ts';

type Files = Record<string, string | object>;

async function choiceOf(
  files: Files,
  manifest: object = {},
  node = '24',
): Promise<PackageManagerChoice & { warnings: string[] }> {
  const decisions = new Decisions();
  const parsed = parseManifest('package.json', JSON.stringify(manifest));
  const choice = await decidePackageManager(treeOf(files), '.', parsed, node, decisions);
  return { ...choice, warnings: decisions.warnings };
}

const pnpmLock = (version: string): Files => ({ 'pnpm-lock.yaml': `lockfileVersion: ${version}\n\nsettings:\n` });
const npmLock = (version: number): Files => ({ 'package-lock.json': `{\n  "lockfileVersion": ${version},\n}` });
const berryLock = (version: number): Files => ({ 'yarn.lock': `# This file\n\n__metadata:\n  version: ${version}\n` });
const yarnLock: Files = { 'yarn.lock': '# yarn lockfile v1\n\n\n' };

describe('the package manager', () => {
  it.each<[string, Files, object, string, string | null]>([
    ['packageManager before any lockfile', yarnLock, { packageManager: 'pnpm@9.1.0' }, 'pnpm', null],
    ['pnpm-lock.yaml first', { ...pnpmLock("'9.0'"), ...npmLock(3), ...yarnLock }, {}, 'pnpm', 'pnpm-lock.yaml'],
    ['bun.lock before yarn.lock', { 'bun.lock': '{}', ...yarnLock }, {}, 'bun', 'bun.lock'],
    ['bun.lockb', { 'bun.lockb': '\u0000' }, {}, 'bun', 'bun.lockb'],
    ['yarn.lock before package-lock.json', { ...yarnLock, ...npmLock(3) }, {}, 'yarn', 'yarn.lock'],
    ['package-lock.json', npmLock(3), {}, 'npm', 'package-lock.json'],
    ['npm-shrinkwrap.json', { 'npm-shrinkwrap.json': '{}' }, {}, 'npm', 'npm-shrinkwrap.json'],
    ['.yarnrc.yml without a lockfile', { '.yarnrc.yml': '' }, {}, 'yarn', null],
    ['volta', {}, { volta: { yarn: '1.22.0' } }, 'yarn', null],
    ['devEngines', {}, { devEngines: { packageManager: { name: 'pnpm', version: '10' } } }, 'pnpm', null],
    ['engines', {}, { engines: { pnpm: '>=8' } }, 'pnpm', null],
    ['npm where nothing is said', {}, {}, 'npm', null],
    [
      'a name that is no package manager is passed over',
      npmLock(3),
      { packageManager: 'deno@2' },
      'npm',
      'package-lock.json',
    ],
  ])('is told by %s', async (_, files, manifest, name, lockfile) => {
    expect(await choiceOf(files, manifest)).toMatchObject({ name, lockfile });
  });

  it('says which lockfiles it does not use', async () => {
    const { warnings } = await choiceOf({ ...yarnLock, ...npmLock(3) });
    expect(warnings).toEqual([expect.stringContaining('package-lock.json is not used: yarn installs from yarn.lock')]);
  });

  it('says when a lockfile can’t be read', async () => {
    const tree = treeOf(npmLock(3));
    const decisions = new Decisions();
    const unreadable = { ...tree, read: async () => null };
    const manifest = parseManifest('package.json', '{}');
    await decidePackageManager(unreadable, '.', manifest, '24', decisions);
    expect(decisions.warnings).toEqual([expect.stringContaining('package-lock.json is too large')]);
  });

  it('says when dependencies are not locked', async () => {
    const { warnings } = await choiceOf({}, { dependencies: { a: '1' } });
    expect(warnings).toEqual([expect.stringContaining('No lockfile is committed')]);
  });
});

describe('its version', () => {
  it.each<[string, Files, object, string, string]>([
    ['an exact pin, without its hash', {}, { packageManager: 'pnpm@9.1.0+sha512.abc' }, '24', '9.1.0'],
    [
      'a checked-in yarn',
      { '.yarnrc.yml': 'yarnPath: .yarn/releases/yarn-3.6.4.cjs' },
      { packageManager: 'yarn@4.1.0' },
      '24',
      '3.6.4',
    ],
    ['volta', npmLock(3), { volta: { npm: '9.5.0' } }, '24', '9.5.0'],
    ['npm of a first-generation lockfile', npmLock(1), {}, '24', '6'],
    ['npm of a second-generation lockfile', npmLock(2), {}, '24', '8'],
    ['npm of a third-generation lockfile', npmLock(3), {}, '24', '>=10 <12'],
    ['npm as Node 20 brings it', npmLock(3), {}, '20', '>=10 <12'],
    ['npm as Node 16 brings it', {}, {}, '16', '8'],
    ['pnpm of 5.3', pnpmLock('5.3'), {}, '24', '6'],
    ['pnpm of 5.4', pnpmLock('5.4'), {}, '24', '7'],
    ['pnpm of 6.0', pnpmLock("'6.0'"), {}, '24', '8'],
    ['pnpm of 9.0', pnpmLock("'9.0'"), {}, '24', '9'],
    ['pnpm of 9.0 with approvals', pnpmLock("'9.0'"), { pnpm: { onlyBuiltDependencies: ['a'] } }, '24', '10'],
    [
      'pnpm of 9.0 with settings in the workspace',
      { ...pnpmLock("'9.0'"), 'pnpm-workspace.yaml': 'packages: [a]\noverrides: {}\n' },
      {},
      '24',
      '10',
    ],
    [
      'pnpm of 9.0 with packages alone',
      { ...pnpmLock("'9.0'"), 'pnpm-workspace.yaml': 'packages: [a]\n' },
      {},
      '24',
      '9',
    ],
    [
      'pnpm of 9.0 with long names of patches',
      {
        'pnpm-lock.yaml': `lockfileVersion: '9.0'\n\npatchedDependencies:\n  a@1.0.0:\n    hash: ${'ab'.repeat(32)}\n    path: patches/a.patch\n\nimporters:\n`,
      },
      {},
      '24',
      '10',
    ],
    ['pnpm without a lockfile', {}, { engines: { pnpm: '*' } }, '24', '10'],
    ['pnpm on an old Node', {}, { engines: { pnpm: '*' } }, '16', '8'],
    ['yarn 1', yarnLock, {}, '24', '1'],
    ['yarn 2', berryLock(4), {}, '24', '2'],
    ['yarn 3', berryLock(6), {}, '24', '3'],
    ['yarn 4', berryLock(8), {}, '24', '4'],
    ['engines where the lockfile allows no version of it', npmLock(3), { engines: { npm: '^8.0.0' } }, '24', '^8.0.0'],
    ['the lockfile where engines allows it', npmLock(3), { engines: { npm: '>=8' } }, '24', '>=10 <12'],
  ])('is %s', async (_, files, manifest, node, version) => {
    expect((await choiceOf(files, manifest, node)).version).toBe(version);
  });

  it.each<[string, Files, object, boolean, boolean]>([
    ['a pinned yarn 4 is left as it is', berryLock(8), { packageManager: 'yarn@4.9.1' }, true, false],
    ['an open yarn 4 is asked for scripts', berryLock(8), {}, true, true],
    [
      'one that says no is not',
      { ...berryLock(8), '.yarnrc.yml': 'enableScripts: false\nnodeLinker: node-modules' },
      {},
      false,
      false,
    ],
  ])('%s', async (_, files, manifest, plugAndPlay, asksForScripts) => {
    expect(await choiceOf(files, manifest)).toMatchObject({ berry: true, plugAndPlay, asksForScripts });
  });
});

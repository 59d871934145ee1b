import { expect, it } from 'vitest';
import { detect } from './detect.ts';
import { treeOf } from './memory-tree.ts';

type Files = Record<string, string | object>;

async function inputsOf(manifest: object, files: Files): Promise<string[]> {
  const plan = await detect(
    treeOf({ 'package.json': { scripts: { start: 'node server.js' }, ...manifest }, 'server.js': '', ...files }),
  );
  return plan.install?.inputs ?? [];
}

const dependencies = { a: '1' };
const npm: Files = { 'package-lock.json': '{"lockfileVersion": 3}' };
const NPM = ['package-lock.json', 'package.json'];

it.each<[string, object, Files, string[]]>([
  ['manifest and lockfile, and no source', { dependencies }, { ...npm, 'src/a.js': '', 'README.md': '' }, NPM],
  ['the settings of the package manager', { dependencies }, { ...npm, '.npmrc': '' }, ['.npmrc', ...NPM]],
  ['patches', { dependencies }, { ...npm, 'patches/a+1.0.0.patch': '' }, [...NPM, 'patches/']],
  [
    'what yarn has checked in, and nothing else of .yarn',
    { dependencies },
    {
      'yarn.lock': '__metadata:\n  version: 8\n',
      '.yarnrc.yml': '',
      '.yarn/releases/yarn-4.1.0.cjs': '',
      '.yarn/plugins/x.cjs': '',
      '.yarn/cache/a.zip': '',
      '.yarn/patches/a.patch': '',
      '.yarn/sdks/x.js': '',
    },
    ['.yarn/cache/', '.yarn/patches/', '.yarn/plugins/', '.yarn/releases/', '.yarnrc.yml', 'package.json', 'yarn.lock'],
  ],
  [
    'an offline mirror of yarn 1',
    { dependencies },
    { 'yarn.lock': '# yarn lockfile v1\n', '.yarnrc': 'yarn-offline-mirror "./mirror"\n', 'mirror/a.tgz': '' },
    ['.yarnrc', 'mirror/', 'package.json', 'yarn.lock'],
  ],
  [
    'patches that pnpm names',
    { dependencies, pnpm: { patchedDependencies: { 'a@1': 'fixes/a.patch' } } },
    {
      'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
      '.pnpmfile.cjs': '',
      'pnpm-workspace.yaml': 'patchedDependencies:\n  b@1: other/b.patch\n',
      'fixes/a.patch': '',
      'fixes/c.patch': '',
      'other/b.patch': '',
    },
    ['.pnpmfile.cjs', 'fixes/a.patch', 'other/b.patch', 'package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'],
  ],
  [
    'local packages and archives',
    { dependencies: { lib: 'file:./lib', tgz: 'file:vendor/x.tgz', gone: 'file:../outside', link: 'link:tools' } },
    { ...npm, 'lib/package.json': {}, 'lib/index.js': '', 'vendor/x.tgz': '', 'tools/t.js': '' },
    ['lib/', ...NPM, 'tools/', 'vendor/x.tgz'],
  ],
  [
    'Prisma’s schema, and not its migrations',
    { dependencies: { '@prisma/client': '6' } },
    { ...npm, 'prisma/schema.prisma': '', 'prisma/migrations/1/m.sql': '', 'db/more.prisma': '' },
    ['db/more.prisma', ...NPM, 'prisma/schema.prisma'],
  ],
  ['schemas only where Prisma is used', { dependencies }, { ...npm, 'prisma/schema.prisma': '' }, NPM],
  [
    'manifests of the workspace’s packages, and programs that are linked',
    { workspaces: ['packages/*', '!packages/old'], dependencies },
    {
      ...npm,
      'packages/ui/package.json': { name: 'ui', bin: { ui: 'bin/ui.js' } },
      'packages/ui/bin/ui.js': '',
      'packages/ui/index.js': '',
      'packages/ui/.npmrc': '',
      'packages/old/package.json': {},
      'elsewhere/package.json': {},
    },
    [...NPM, 'packages/ui/.npmrc', 'packages/ui/bin/ui.js', 'packages/ui/package.json'],
  ],
  [
    'everything where a package of the workspace has a lifecycle script',
    { workspaces: ['packages/*'], dependencies },
    { ...npm, 'packages/ui/package.json': { scripts: { prepare: 'tsc' } }, 'packages/ui/index.ts': '' },
    ['package-lock.json', 'package.json', 'packages/', 'server.js'],
  ],
])('install sees %s', async (_, manifest, files, inputs) => {
  expect(await inputsOf(manifest, files)).toEqual(inputs);
});

import type { Plan } from '@switchyard/domain';
import { SwitchyardError } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { detect } from './detect.ts';
import { treeOf } from './memory-tree.ts';

type Files = Record<string, string | object>;

const planOf = (files: Files): Promise<Plan> => detect(treeOf(files));
const lock = { 'package-lock.json': { lockfileVersion: 3, packages: {} } };

async function errorOf(files: Files): Promise<SwitchyardError> {
  const error = await planOf(files).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SwitchyardError) return error;
  throw new Error(`expected a SwitchyardError, got ${String(error)}`);
}

describe('a whole plan', () => {
  it('of an Express app with npm', async () => {
    const plan = await planOf({
      'package.json': {
        name: 'shop',
        engines: { node: '>=18' },
        scripts: { start: 'node server.js', build: 'tsc' },
        dependencies: { express: '5.1.0' },
      },
      'package-lock.json': { lockfileVersion: 3 },
      '.npmrc': 'fund=false',
      'server.js': '',
    });
    expect(plan).toMatchObject({
      v: 1,
      language: 'node',
      framework: 'Express',
      root: '.',
      runtime: { name: 'node', wanted: '24' },
      packageManager: { name: 'npm', version: '>=10 <12', lockfile: 'package-lock.json' },
      install: {
        command: 'npm ci --include=dev --no-audit --no-fund',
        inputs: ['.npmrc', 'package-lock.json', 'package.json'],
      },
      build: { command: 'npm run build', lifecycle: [] },
      migrate: null,
      start: { kind: 'command', command: 'node server.js' },
      health: { path: null, timeLimitMs: 60_000 },
      warnings: [],
    });
    expect(plan.reasons.map(({ subject }) => subject)).toEqual([
      'node',
      'package manager',
      'npm version',
      'install',
      'build',
      'start',
      'health',
    ]);
  });

  it('of plain pages', async () => {
    expect(await planOf({ 'index.html': '<h1>', 'style.css': '' })).toMatchObject({
      language: 'static',
      framework: 'plain HTML',
      packageManager: null,
      install: null,
      build: null,
      start: { kind: 'static', directory: '.', spa: false },
    });
  });

  it('of a Vite app with pnpm', async () => {
    const plan = await planOf({
      'package.json': {
        scripts: { dev: 'vite', build: 'vite build', start: 'vite' },
        devDependencies: { vite: '8' },
      },
      'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
      'vite.config.ts': "export default defineConfig({ build: { outDir: 'public-build' } })",
      'index.html': '',
    });
    expect(plan).toMatchObject({
      framework: 'Vite',
      packageManager: { name: 'pnpm', version: '9', lockfile: 'pnpm-lock.yaml' },
      install: {
        command: 'pnpm install --frozen-lockfile --prod=false --ignore-workspace',
        inputs: ['package.json', 'pnpm-lock.yaml'],
      },
      build: { command: 'pnpm run build' },
      start: { kind: 'static', directory: 'public-build', spa: true },
    });
  });
});

describe('lifecycle scripts of the root', () => {
  const manifest = (scripts: object): Files => ({
    'package.json': { scripts: { start: 'node a.js', ...scripts }, dependencies: { a: '1' } },
    ...lock,
  });

  it('move to the build, and install goes without them', async () => {
    const plan = await planOf(manifest({ postinstall: 'node generate.js', prepare: 'tsc', build: 'vite build' }));
    expect(plan.build).toEqual({
      command: 'npm run build',
      lifecycle: ['npm run postinstall', 'npm run prepare'],
    });
    expect(plan.install?.command).toMatch(/^cp -p package\.json .* npm ci .* mv .* package\.json$/);
  });

  it('are the build where there is no other', async () => {
    const plan = await planOf(manifest({ preinstall: 'node a.js', postinstall: 'node b.js' }));
    expect(plan.build).toEqual({ command: 'npm run postinstall', lifecycle: ['npm run preinstall'] });
  });

  it('that set up Git hooks or check the package manager are left out', async () => {
    const plan = await planOf(manifest({ preinstall: 'npx only-allow npm', prepare: 'husky install || true' }));
    expect(plan.build).toBeNull();
    expect(plan.install?.command).toMatch(/^cp -p/);
    expect(plan.reasons.filter(({ choice }) => choice === 'left out')).toHaveLength(2);
  });
});

describe('migrate', () => {
  const base: Files = {
    'package.json': { scripts: { start: 'node a.js', migrate: 'knex migrate:latest' }, dependencies: { knex: '3' } },
    'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
  };
  it('comes from switchyard.json before the Procfile, as the program it is', async () => {
    const plan = await planOf({
      ...base,
      'switchyard.json': { migrate: 'pnpm migrate' },
      Procfile: 'release: node m.js',
    });
    expect(plan.migrate).toEqual({
      command: 'export PATH="$PWD/node_modules/.bin:$PATH"; knex migrate:latest',
    });
  });
  it('comes from release of the Procfile', async () => {
    expect((await planOf({ ...base, Procfile: 'release: node m.js' })).migrate).toEqual({ command: 'node m.js' });
  });
  it('can be turned off', async () => {
    const plan = await planOf({ ...base, 'switchyard.json': { migrate: null }, Procfile: 'release: node m.js' });
    expect(plan.migrate).toBeNull();
  });
});

describe('settings of the repository', () => {
  it('win over what is detected, with the reason', async () => {
    const plan = await planOf({
      'package.json': { scripts: { start: 'node a.js', build: 'x' }, dependencies: { a: '1' } },
      ...lock,
      '.nvmrc': '20',
      'switchyard.json': {
        node: '22.11.0',
        install: 'npm ci --foo',
        build: null,
        health: { path: '/up', timeLimitMs: 5000 },
      },
    });
    expect(plan).toMatchObject({
      runtime: { wanted: '22.11.0' },
      install: { command: 'npm ci --foo', inputs: ['package-lock.json', 'package.json'] },
      build: null,
      health: { path: '/up', timeLimitMs: 5000 },
    });
    expect(plan.reasons.filter(({ decider }) => decider === 'file').map(({ subject }) => subject)).toEqual([
      'node',
      'install',
      'build',
      'health',
      'health time limit',
    ]);
  });

  it.each<[string, Files, RegExp]>([
    [
      'no JSON',
      { 'switchyard.json': '{\n  "start": }' },
      /switchyard\.json is not valid JSON: line 2, column 12: a value/,
    ],
    ['a comma too many', { 'switchyard.json': '{"root": "a",\n}' }, /line 2, column 1: a name in double quotes/],
    ['a comment', { 'switchyard.json': '{ // mine\n}' }, /line 1, column 3: JSON has no comments/],
    ['a blank command', { 'switchyard.json': { start: '  ' } }, /start: a command is needed/],
    [
      'a Node that is none',
      { 'switchyard.json': { node: 'banana' }, 'server.js': '' },
      /"banana", which is no version and no range/,
    ],
    [
      'a file to be kept',
      { 'switchyard.json': { persist: ['server.js'] }, 'server.js': '' },
      /persist names server.js, which is a file/,
    ],
    ['an empty file', { 'switchyard.json': '' }, /line 1, column 1: a value is expected/],
    [
      'unknown and wrong fields, all at once',
      { 'switchyard.json': { strt: 'x', build: 3, health: { pth: '/' } } },
      /build: .*health: there is no field "pth", did you mean path\?; .*"strt", did you mean start\?/,
    ],
    [
      'a field like no other',
      { 'switchyard.json': { dockerfile: 'x' } },
      /no field "dockerfile"; there are \$schema, root/,
    ],
    ['two ways to start', { 'switchyard.json': { start: 'x', static: { directory: '.' } } }, /not both/],
    ['a directory outside', { 'switchyard.json': { root: '../x' } }, /root: a directory inside the repository/],
    ['a directory that is not there', { 'switchyard.json': { root: 'web' }, 'a.txt': '' }, /no such directory/],
    ['a reserved variable', { 'switchyard.json': { requiredVariables: ['PORT'] } }, /PORT is set by Switchyard/],
  ])('are refused with what to do: %s', async (_, files, message) => {
    const error = await errorOf(files);
    expect(error.code).toBe('invalid-settings');
    expect(error.message).toMatch(message);
  });

  it.each<[string, Files, RegExp]>([
    ['a manifest with a merge conflict', { 'package.json': '{\n<<<<<<< HEAD\n}' }, /merge conflict at line 2/],
    [
      'a manifest that is no JSON',
      { 'package.json': '{"name": "a" "b"}' },
      /package\.json is not valid JSON: line 1, column 14/,
    ],
    ['a Procfile without a colon', { Procfile: 'web node x' }, /Procfile, line 1/],
  ])('are not what is said to be wrong where it is %s', async (_, files, message) => {
    const error = await errorOf(files);
    expect(error.code).toBe('repository-file-invalid');
    expect(error.message).toMatch(message);
  });
});

describe('settings of the app', () => {
  const files: Files = {
    'package.json': { scripts: { start: 'node a.js', build: 'x' }, dependencies: { a: '1' } },
    ...lock,
    'switchyard.json': {
      node: '22',
      build: 'npm run file',
      start: 'node file.js',
      health: { path: '/file', timeLimitMs: 9_000 },
    },
  };
  const decidedBy = (plan: Awaited<ReturnType<typeof detect>>) =>
    Object.fromEntries(plan.reasons.map(({ subject, decider }) => [subject, decider]));

  it('win over the file, field by field, and say so', async () => {
    const plan = await detect(treeOf(files), { build: 'npm run settings', health: { path: '/settings' } });
    expect(plan).toMatchObject({
      runtime: { wanted: '22' },
      build: { command: 'npm run settings' },
      start: { kind: 'command', command: 'node file.js' },
      health: { path: '/settings', timeLimitMs: 9_000 },
    });
    expect(decidedBy(plan)).toMatchObject({
      install: 'detected',
      node: 'file',
      start: 'file',
      build: 'settings',
      health: 'settings',
      'health time limit': 'file',
    });
    expect(plan.reasons.find(({ subject }) => subject === 'build')?.because).toBe('the app’s settings say so');
  });

  it.each(['install', 'build', 'migrate'] as const)('can turn %s off, in the file as well', async (field) => {
    const withMigration = { ...files, Procfile: 'release: node m.js' };
    expect((await detect(treeOf(withMigration), { [field]: false }))[field]).toBeNull();
    for (const nothing of [false, null])
      expect((await planOf({ ...withMigration, 'switchyard.json': { [field]: nothing } }))[field]).toBeNull();
  });

  it('that serve files set a start command of the file aside, and the other way round', async () => {
    const site = await detect(treeOf(files), { static: { directory: 'public' } });
    expect(site.start).toEqual({ kind: 'static', directory: 'public', spa: false });
    const served: Files = { ...files, 'switchyard.json': { static: { directory: 'public' } } };
    expect((await detect(treeOf(served), { start: 'node b.js' })).start).toEqual({
      kind: 'command',
      command: 'node b.js',
    });
  });

  it('name a directory that is not there as theirs', async () => {
    await expect(detect(treeOf(files), { root: 'web' })).rejects.toMatchObject({
      code: 'invalid-settings',
      message: expect.stringContaining('The app’s settings: root names web'),
    });
  });

  it('replace the required variables of the file', async () => {
    const required = { ...files, 'switchyard.json': { requiredVariables: ['A', { name: 'B', description: 'for b' }] } };
    expect((await detect(treeOf(required))).requiredVariables).toEqual([
      { name: 'A', description: null },
      { name: 'B', description: 'for b' },
    ]);
    expect((await detect(treeOf(required), { requiredVariables: ['C'] })).requiredVariables).toEqual([
      { name: 'C', description: null },
    ]);
  });
});

describe('where the app is', () => {
  it('is the only directory with a manifest', async () => {
    const plan = await planOf({
      'README.md': '',
      'api/package.json': { scripts: { start: 'node a.js' }, dependencies: { a: '1' } },
      'api/package-lock.json': { lockfileVersion: 3 },
      'docs/index.html': '',
    });
    expect(plan).toMatchObject({ root: 'api', install: { inputs: ['api/package-lock.json', 'api/package.json'] } });
  });

  it('is asked for when there are several', async () => {
    const error = await errorOf({ 'a/package.json': {}, 'b/package.json': {} });
    expect(error.code).toBe('nothing-to-run');
    expect(error.message).toContain('a, b');
    expect(error.details['choices']).toEqual(['a', 'b']);
  });

  it('is the one package of a workspace that can be run, built with what it needs', async () => {
    const plan = await planOf({
      'package.json': { private: true },
      'pnpm-workspace.yaml': 'packages:\n  - "packages/*"\n  - apps/*\n',
      'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
      'apps/web/package.json': {
        name: 'web',
        scripts: { start: 'node server.js', build: 'tsc' },
        dependencies: { ui: 'workspace:*' },
      },
      'apps/web/server.js': '',
      'packages/ui/package.json': { name: 'ui', bin: { ui: './bin.js' }, main: 'index.js' },
      'packages/ui/bin.js': '',
      'packages/ui/index.js': '',
    });
    expect(plan).toMatchObject({
      root: 'apps/web',
      install: {
        command: 'cd ../.. && pnpm install --frozen-lockfile --prod=false',
        inputs: [
          'apps/web/package.json',
          'package.json',
          'packages/ui/bin.js',
          'packages/ui/package.json',
          'pnpm-lock.yaml',
          'pnpm-workspace.yaml',
        ],
      },
      build: { command: 'cd ../.. && pnpm --filter web... run build' },
      start: { kind: 'command', command: 'node server.js' },
    });
  });

  it('says what was looked for and what is there when nothing can be run', async () => {
    const error = await errorOf({ 'package.json': { scripts: { dev: 'x' } }, 'main.py': '' });
    expect(error.code).toBe('nothing-to-run');
    expect(error.message).toContain('the repository has main.py, package.json');
    expect(error.message).toContain('The scripts in package.json are dev.');
  });

  it('can be an empty repository, which is said', async () => {
    expect((await errorOf({})).message).toContain('the repository is empty');
  });
});

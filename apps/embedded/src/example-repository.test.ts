import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitDirectory, hostVersions } from './example-repository.ts';

let scratch: string;
const git = (repository: string, ...args: string[]): string =>
  execFileSync('git', ['--git-dir', repository, ...args], { encoding: 'utf8' }).trim();

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'example-'));
  await mkdir(join(scratch, 'app', 'src'), { recursive: true });
  await writeFile(join(scratch, 'app', 'package.json'), '{}\r\n');
  await writeFile(join(scratch, 'app', 'src', 'a.js'), 'a\n');
  await writeFile(join(scratch, 'app', '.gitignore'), 'dist/\n');
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

const commit = (name: string, environment: Record<string, string | undefined> = process.env) =>
  commitDirectory(
    { directory: join(scratch, 'app'), repository: join(scratch, name), message: 'Say hello' },
    environment,
  );

test('the same files give the same commit, whatever this machine’s Git is set to', async () => {
  const first = await commit('one.git');
  await writeFile(
    join(scratch, 'config'),
    '[core]\n\tautocrlf = input\n[user]\n\tname = Somebody\n[init]\n\tdefaultBranch = trunk\n',
  );
  const second = await commit('two.git', {
    ...process.env,
    GIT_CONFIG_GLOBAL: join(scratch, 'config'),
    GIT_AUTHOR_NAME: 'Somebody',
    GIT_DIR: '/nowhere',
  });
  expect(second).toBe(first);
  expect(git(join(scratch, 'two.git'), 'rev-parse', 'main')).toBe(first);
  expect(git(join(scratch, 'two.git'), 'ls-tree', '-r', '--name-only', 'main').split('\n')).toEqual([
    '.gitignore',
    'package.json',
    'src/a.js',
  ]);
});

test('files that are only in the commit stand beside the directory’s own', async () => {
  await commitDirectory(
    {
      directory: join(scratch, 'app'),
      repository: join(scratch, 'one.git'),
      message: 'x',
      files: { '.node-version': '20.1.0\n' },
    },
    process.env,
  );
  expect(git(join(scratch, 'one.git'), 'show', 'main:.node-version')).toBe('20.1.0');
  expect(git(join(scratch, 'one.git'), 'show', 'main:src/a.js')).toBe('a');
});

test('what a build left in the directory is no part of it, and a later state replaces the earlier', async () => {
  const first = await commit('one.git');
  await mkdir(join(scratch, 'app', 'dist'));
  await writeFile(join(scratch, 'app', 'dist', 'page.html'), 'x');
  expect(await commit('one.git')).toBe(first);
  await rm(join(scratch, 'app', 'src'), { recursive: true });
  await commit('one.git');
  expect(git(join(scratch, 'one.git'), 'ls-tree', '-r', '--name-only', 'main').split('\n')).toEqual([
    '.gitignore',
    'package.json',
  ]);
});

test('the example asks for the Node and the npm that run it', async () => {
  await writeFile(join(scratch, 'app', 'package.json'), '{"name":"hello"}');
  const node = { '.node-version': `${process.versions.node}\n` };
  expect(await hostVersions(join(scratch, 'app'), {})).toEqual(node);
  const files = await hostVersions(join(scratch, 'app'), {
    npm_config_user_agent: 'npm/11.2.3 node/v20.20.2 linux x64',
  });
  expect(files).toMatchObject(node);
  expect(JSON.parse(files['package.json'] ?? '')).toEqual({ name: 'hello', packageManager: 'npm@11.2.3' });
});

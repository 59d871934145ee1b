import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

const run = promisify(execFile);
let system: System;
let directory: string;
const repositories: Repository[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'created-'));
  system = await startSystem();
});

afterAll(async () => {
  await system?.stop();
  for (const repository of repositories) await repository.remove();
  await rm(directory, { recursive: true, force: true });
});

/** Files of a directory, by path. */
async function filesOf(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'));
  const texts = files.map(async (file) => {
    const path = join(file.parentPath, file.name);
    return [relative(root, path), await readFile(path, 'utf8')] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** Applications that nobody here wrote, as their own `create` commands make them, with their real dependencies from the registry. */
describe('an app as its framework’s own command makes it goes live without a setting', { timeout: 240_000 }, () => {
  it.each([
    {
      name: 'express',
      command: ['express-generator@4', '--no-view', 'express'],
      path: '/users',
      shows: 'respond with a resource',
    },
    {
      name: 'vite',
      command: ['create-vite@8', 'vite', '--template', 'vanilla', '--no-interactive'],
      path: '/',
      shows: '<div id="app">',
    },
  ])('$name', async ({ name, command, path, shows }) => {
    await run('npx', ['--yes', ...command], { cwd: directory, env: { ...process.env, npm_config_yes: 'true' } });
    const app = join(directory, name);
    await run('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: app });
    const repository = await createRepository(await filesOf(app));
    repositories.push(repository);
    await system.client.createApp({ name, repository: repository.url });
    const deployment = await system.deploy(name);
    expect(deployment.diagnosis, await system.logsOf(deployment.id)).toBeNull();
    expect(deployment.status).toBe('succeeded');
    const answer = await system.visit(name, path);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toContain(shows);
  });
});

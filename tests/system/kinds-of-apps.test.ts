import type { DeploymentView } from '@switchyard/client';
import type { StageName } from '@switchyard/domain';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRepository, type Files, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
const repositories: Repository[] = [];

beforeAll(async () => {
  system = await startSystem();
});

afterAll(async () => {
  await system?.stop();
  await Promise.all(repositories.map((repository) => repository.remove()));
});

async function deployed(name: string, files: Files): Promise<{ deployment: DeploymentView; repository: Repository }> {
  const repository = await createRepository(files);
  repositories.push(repository);
  await system.client.createApp({ name, repository: repository.url });
  const deployment = await system.deploy(name);
  expect(deployment.diagnosis).toBeNull();
  expect(deployment.status).toBe('succeeded');
  return { deployment, repository };
}

const stage = ({ stages }: DeploymentView, name: StageName) => stages.find((one) => one.name === name);

/** The Node that runs the tests: nothing has to be fetched. */
const OWN_NODE = process.versions.node;
const SERVER = `require('node:http').createServer((request, response) => response.end(\`\${process.env.NODE_ENV} \${require('node:fs').existsSync('made')}\`)).listen(process.env.PORT)\n`;
const manifest = (more: object): string =>
  JSON.stringify({ name: 'app', version: '1.0.0', engines: { node: OWN_NODE }, ...more });

it('a plain site is served as it is', async () => {
  const { deployment, repository } = await deployed('site', {
    'index.html': '<h1>hello</h1>',
    'about.html': 'about',
  });
  expect(stage(deployment, 'install')?.status).toBe('skipped');
  expect(stage(deployment, 'build')?.status).toBe('skipped');
  expect(await system.visit('site')).toEqual({ status: 200, body: '<h1>hello</h1>' });
  expect((await system.visit('site', '/missing')).status).toBe(404);
  await repository.commit({ 'index.html': '<h1>hello again</h1>' });
  await system.deploy('site');
  expect((await system.visit('site')).body).toBe('<h1>hello again</h1>');
});

it('a server without dependencies and without a build runs from its source, in production', async () => {
  const { deployment } = await deployed('bare', { 'package.json': manifest({}), 'server.js': SERVER });
  expect(stage(deployment, 'build')?.status).toBe('skipped');
  expect(await system.visit('bare')).toEqual({ status: 200, body: 'production false' });
});

it('a build sees the development’s environment, and its server what it made', async () => {
  const build = 'test -z "$NODE_ENV" && test "$CI" = true && touch made';
  await deployed('built', {
    'package.json': manifest({ scripts: { build, start: 'node server.js' } }),
    'server.js': SERVER,
  });
  expect(await system.visit('built')).toEqual({ status: 200, body: 'production true' });
});

it('a site that is built is served from the directory its settings name; one that is not there is explained', async () => {
  const settings = JSON.stringify({ static: { directory: 'public/out', spa: true } });
  const { repository } = await deployed('pages', {
    'package.json': manifest({ scripts: { build: 'mkdir -p public/out && echo page > public/out/index.html' } }),
    'switchyard.json': settings,
  });
  expect((await system.visit('pages', '/any/path')).body.trim()).toBe('page');

  await repository.commit({ 'package.json': manifest({ scripts: { build: 'mkdir -p elsewhere' } }) });
  const failed = await system.deploy('pages');
  expect(failed).toMatchObject({ status: 'failed', diagnosis: { stage: 'package', fault: 'user' } });
  expect(failed.diagnosis?.explanation).toContain('public/out');
  expect((await system.visit('pages')).body.trim()).toBe('page');
});

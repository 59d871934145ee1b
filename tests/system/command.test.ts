import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushOf } from '../harness/forges.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let elsewhere: string;

beforeAll(async () => {
  elsewhere = await mkdtemp(join(tmpdir(), 'command-'));
  repository = await createRepository(nodeApp({ says: 'one', atStart: "console.log('shop is up');" }));
  system = await startSystem();
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
  await rm(elsewhere, { recursive: true, force: true });
});

/** The command as a user runs it, in a directory that knows of no Switchyard. */
async function switchyard(args: readonly string[], env: Record<string, string> = {}) {
  const entry = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
  return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const own = {
      PATH: process.env['PATH'] ?? '',
      SWITCHYARD_URL: system.apiUrl,
      SWITCHYARD_TOKEN: system.token,
      ...env,
    };
    const options = { env: own, cwd: elsewhere, timeout: 60_000, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [entry, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

test('from a name and a repository to a live URL', async () => {
  const created = await switchyard(['apps', 'create', 'shop', '--repository', repository.url]);
  expect(created).toMatchObject({ code: 0 });
  const deployed = await switchyard(['deploy', 'shop']);
  expect(deployed.stderr).toBe('');
  expect(deployed.code).toBe(0);
  for (const part of ['shop #1', '✓ Fetch source', '✓ Build', '✓ Switch traffic', 'succeeded', 'http://shop.localhost'])
    expect(deployed.stdout).toContain(part);
  expect(await system.visit('shop')).toEqual({ status: 200, body: 'one' });
});

test('what is live and what was deployed, by app, number and id, for people and for programs', async () => {
  expect((await switchyard(['apps'])).stdout).toMatch(/shop +#1/);
  expect((await switchyard(['status', 'shop'])).stdout).toMatch(/live +#1/);
  const json = await switchyard(['status', 'shop#1', '--json']);
  const { id, status } = DeploymentView.parse(JSON.parse(json.stdout));
  expect(status).toBe('succeeded');
  expect((await switchyard(['status', id])).stdout).toContain('✓  Build');
  expect((await switchyard(['status'])).stdout).toContain('ready to deploy');
});

test('logs print what the stages wrote, or one of them', async () => {
  const all = await switchyard(['logs', 'shop']);
  const build = await switchyard(['logs', 'shop#1', '--stage', 'build']);
  expect(build.code).toBe(0);
  expect(build.stdout).not.toBe('');
  expect(all.stdout).toContain(build.stdout.trim().split('\n')[0]);
});

test('logs of an app print what its instances print, with where it comes from when asked', async () => {
  await expect
    .poll(async () => (await switchyard(['logs', '--app', 'shop'])).stdout, { timeout: 20_000, interval: 200 })
    .toContain('shop is up\n');
  const { stdout } = await switchyard(['logs', '--app', 'shop', '--tail', '1', '--since', '1h', '--times']);
  expect(stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+ #1 ins_\w+ {2}shop is up\n$/);
  expect((await switchyard(['logs', '--app', 'shop', '--deployment', '2'])).stdout).toBe('');
});

test('a failed deployment ends with its diagnosis and a code that scripts see; the old version stays', async () => {
  await repository.commit(nodeApp({ says: 'two', build: 'echo "this goes wrong" && exit 7' }));
  const failed = await switchyard(['deploy', 'shop']);
  expect(failed.code).toBe(1);
  for (const part of ['✗ Build', 'What to do', 'this goes wrong', 'what was live before still is'])
    expect(failed.stdout).toContain(part);
  expect(await system.visit('shop')).toEqual({ status: 200, body: 'one' });
});

test('roll back and restart are deployments of their own', async () => {
  await repository.commit(nodeApp({ says: 'three' }));
  expect(await switchyard(['deploy', 'shop', '--reuse', 'none'])).toMatchObject({ code: 0 });
  expect((await system.visit('shop')).body).toBe('three');
  expect(await switchyard(['rollback', 'shop', '--to', '1'])).toMatchObject({ code: 0 });
  expect((await system.visit('shop')).body).toBe('one');
  expect(await switchyard(['restart', 'shop'])).toMatchObject({ code: 0 });
  expect((await system.visit('shop')).body).toBe('one');
});

test('a webhook’s secret and URLs, what it delivered, and going on after a rollback', async () => {
  const made = await switchyard(['webhook', 'shop']);
  expect(made.code).toBe(0);
  expect(made.stdout).toContain(`${system.apiUrl.replace('127.0.0.1', 'localhost')}/v1/hooks/shop/github`);
  const secret = /secret +(\w{64})/.exec(made.stdout)?.[1] ?? '';
  expect(made.stderr).toContain('SWITCHYARD_PUBLIC_URL');
  const sha = await repository.git('rev-parse', 'HEAD');
  const { headers, body } = pushOf('github', { ref: 'refs/heads/main', after: sha }, { secret });
  const answer = await fetch(`${system.apiUrl}/v1/hooks/shop/github`, { method: 'POST', headers, body });
  expect(await answer.json()).toMatchObject({ cause: 'held' });
  expect((await switchyard(['deliveries', 'shop'])).stdout).toMatch(
    /github +refs\/heads\/main +[0-9a-f]{7} +ignored +#\d+ rolled back.*switchyard resume shop/,
  );
  expect((await switchyard(['resume', 'shop'])).stdout).toMatch(/shop goes on.*rolled back/);
  expect((await switchyard(['resume', 'shop'])).stdout).toContain('shop was not held');
});

test('a host is added with its record, listed, not served unproved, and removed', async () => {
  const added = await switchyard(['domains', 'add', 'shop', 'www.example.test']);
  expect(added.stdout).toMatch(/_switchyard\.www\.example\.test\n.*TXT\n.*switchyard=[0-9a-f]{32}/s);
  expect(added.stdout).toMatch(
    /http:\/\/www\.example\.test\/\.well-known\/switchyard-verification\.txt\n.*switchyard=[0-9a-f]{32}/s,
  );
  expect(added.stderr).toContain('switchyard domains verify shop www.example.test');
  expect((await switchyard(['domains', 'list', 'shop'])).stdout).toMatch(/www\.example\.test +not verified/);
  const refused = await switchyard(['domains', 'add', 'shop', '*.example.test']);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('Wildcard');
  expect((await switchyard(['domains', 'remove', 'shop', 'www.example.test'])).code).toBe(0);
  expect((await switchyard(['domains', 'list', 'shop'])).stderr).toContain('no host but its own');
});

test('cancel ends a deployment', async () => {
  await repository.commit(nodeApp({ says: 'slow', build: 'sleep 60' }));
  const started = await switchyard(['deploy', 'shop', '--no-follow', '--json']);
  const { id } = DeploymentView.parse(JSON.parse(started.stdout));
  await expect
    .poll(async () => (await system.client.deployment(id)).stages.find(({ name }) => name === 'build')?.status, {
      timeout: 20_000,
    })
    .toBe('running');
  expect((await switchyard(['cancel', id])).stdout).toContain('cancelled');
});

test('ending a migration by force needs a person’s word or --yes, and a migration that runs', async () => {
  const asked = await switchyard(['cancel', 'shop#1', '--force']);
  expect(asked.code).not.toBe(0);
  expect(asked.stderr).toContain('Nobody knows then how far it came');
  expect(asked.stderr).toContain('--yes');
  const refused = await switchyard(['cancel', 'shop#1', '--force', '--yes']);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('has ended');
});

test('errors say what to do', async () => {
  const cases: [string[], Record<string, string>, RegExp][] = [
    [['apps'], { SWITCHYARD_TOKEN: '' }, /SWITCHYARD_TOKEN_FILE/],
    [['apps'], { SWITCHYARD_TOKEN: 'wrong' }, /SWITCHYARD_TOKEN/],
    [['apps'], { SWITCHYARD_URL: 'http://127.0.0.1:1' }, /npm start/],
    [['apps'], { SWITCHYARD_URL: 'ftp://x' }, /SWITCHYARD_URL/],
    [['deploy', 'shoop'], {}, /Apps: shop/],
    [['logs', 'shop#99'], {}, /shop#99/],
    [['logs', '--app', 'shoop'], {}, /Apps: shop/],
    [['logs'], {}, /--app/],
    [['logs', 'shop', '--tail', '3'], {}, /--app/],
    [['logs', '--app', 'shop', '--since', 'soon'], {}, /10m/],
    [['status', 'NOT A NAME'], {}, /hello#3/],
    [['apps', 'create', 'shop', '--repository', repository.url], {}, /shop/],
  ];
  for (const [args, env, expected] of cases) {
    const { code, stderr, stdout } = await switchyard(args, env);
    expect(code, args.join(' ')).not.toBe(0);
    expect(stderr, args.join(' ')).toMatch(expected);
    expect(`${stderr}${stdout}`).not.toContain(system.token);
    expect(stderr).not.toContain('    at ');
  }
});

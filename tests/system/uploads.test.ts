import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOSTILE, tarGzOf } from '../harness/archives.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let folder: string;

beforeAll(async () => {
  system = await startSystem();
  folder = join(await mkdtemp(join(tmpdir(), 'uploads-')), 'My Shop');
});

afterAll(async () => {
  await system?.stop();
  await rm(dirname(folder), { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    if (text !== null) await writeFile(join(folder, path), text);
  }
}

/** The command as a user runs it inside of the folder. */
async function switchyard(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const entry = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));
  return await new Promise((resolve) => {
    const env = { PATH: process.env['PATH'] ?? '', SWITCHYARD_URL: system.apiUrl, SWITCHYARD_TOKEN: system.token };
    execFile(process.execPath, [entry, ...args], { env, cwd: folder, timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
    });
  });
}

const newest = async (app = 'my-shop'): Promise<DeploymentView> => {
  const [first] = (await system.client.deployments(app)).deployments;
  return await system.client.deployment(first?.id ?? '');
};

const cacheOf = ({ stages }: DeploymentView): Record<string, string | undefined> =>
  Object.fromEntries(
    stages
      .filter(({ name }) => ['source', 'install', 'build'].includes(name))
      .map(({ name, cache }) => [name, cache?.result]),
  );

/** What this upload left on the disk: its archive, and what a worker made of it. */
async function left(id: string): Promise<string[]> {
  const names = await readdir(system.dataDirectory, { recursive: true });
  return names.map(String).filter((name) => name.includes(id) && !/\.git\//.test(name));
}

describe.sequential('a folder', { timeout: 180_000 }, () => {
  it('is deployed with one command, for an app that is made on the way', async () => {
    await write({
      ...nodeApp({ says: 'one', build: 'test -x bin/tool && test ! -e secret.env && bin/tool > built && cat link' }),
      'bin/tool': '#!/bin/sh\necho tool\n',
      '.gitignore': 'secret.env\nbuilt\n',
      'secret.env': 'TOKEN=1\n',
    });
    await chmod(join(folder, 'bin/tool'), 0o755);
    await symlink('bin/tool', join(folder, 'link'));
    const unknown = await switchyard('deploy', '.');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('There is no app my-shop, the folder’s name. `--create` makes it');
    const deployed = await switchyard('deploy', '.', '--create');
    expect(deployed.stderr).toMatch(/Made the app my-shop\.\nPacking 8 files, \d.*\nSent \d/);
    expect(deployed).toMatchObject({ code: 0 });
    expect(deployed.stdout).toContain('succeeded');
    expect((await system.visit('my-shop')).body).toBe('one');
    expect(await newest()).toMatchObject({
      trigger: 'cli',
      repository: null,
      ref: null,
      commit: { message: 'Uploaded folder', branch: null, sha: expect.stringMatching(/^[0-9a-f]{40}$/) },
    });
  });

  it('sent again without a change comes from the caches, whole', async () => {
    await writeFile(join(folder, 'secret.env'), 'TOKEN=2\n');
    await writeFile(join(folder, 'server.js'), nodeApp({ says: 'one' })['server.js'] ?? '');
    const before = await newest();
    expect((await switchyard('deploy', '.')).code).toBe(0);
    const after = await newest();
    expect(after.number).toBe(before.number + 1);
    expect(after.upload).not.toBe(before.upload);
    expect(after.commit?.sha).toBe(before.commit?.sha);
    expect(cacheOf(after)).toEqual({ source: 'hit', install: 'hit', build: 'hit' });
  });

  it('that was changed is built anew, on the dependencies that are there', async () => {
    await writeFile(join(folder, 'server.js'), nodeApp({ says: 'two' })['server.js'] ?? '');
    expect((await switchyard('deploy', '.')).code).toBe(0);
    expect(cacheOf(await newest())).toEqual({ source: 'miss', install: 'hit', build: 'miss' });
    expect((await system.visit('my-shop')).body).toBe('two');
  });

  it('that was deployed before is deployed again by its upload, and rolled back to', async () => {
    const { upload } = await system.client.deployment(
      (await system.client.deployments('my-shop')).deployments.at(-1)?.id ?? '',
    );
    expect((await system.waitUntilEnded((await system.client.rollback('my-shop')).id)).status).toBe('succeeded');
    expect((await system.visit('my-shop')).body).toBe('one');
    const again = await system.client.deploy('my-shop', { upload: upload ?? undefined });
    expect((await system.waitUntilEnded(again.id)).status).toBe('succeeded');
  });

  it('and a repository share what was installed', async () => {
    const repository = await createRepository(nodeApp({ says: 'from git' }));
    await system.client.createApp({ name: 'both', repository: repository.url });
    expect((await system.deploy('both')).status).toBe('succeeded');
    await writeFile(join(folder, 'package.json'), nodeApp({ says: '' })['package.json'] ?? '');
    expect((await switchyard('deploy', '.', '--app', 'both')).code).toBe(0);
    expect(cacheOf(await newest('both'))).toMatchObject({ install: 'hit' });
    expect((await system.deploy('both')).commit?.message).toBe('First');
    await repository.remove();
  });

  it('that can’t be deployed is refused before it is sent', async () => {
    await symlink('/etc/passwd', join(folder, 'out'));
    const refused = await switchyard('deploy', '.');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('"out" is a link to /etc/passwd, out of the folder');
    await rm(join(folder, 'out'));
  });
});

describe('what is in an archive', { timeout: 60_000 }, () => {
  it('is judged again by the worker, whoever put it there', async () => {
    await system.client.createApp({ name: 'target' });
    for (const what of ['a way up', 'a link up', 'a bomb', 'its end cut off']) {
      const fine = await system.client.upload('target', new Blob([tarGzOf([{ name: 'a', content: 'x' }])]).stream());
      const { appId } = { appId: (await system.client.app('target')).id };
      // As one who may write the blobs, and got round the api.
      await writeFile(join(system.dataDirectory, 'blobs', 'uploads', appId, `${fine.id}.tar.gz`), HOSTILE[what] ?? '');
      const deployment = await system.waitUntilEnded((await system.client.deploy('target', { upload: fine.id })).id);
      expect(deployment).toMatchObject({ status: 'failed', diagnosis: { cause: 'upload_refused' } });
      expect(await left(fine.id)).toEqual([`blobs/uploads/${appId}/${fine.id}.tar.gz`]);
    }
    expect(await readdir(join(system.dataDirectory, 'uploads'))).not.toContainEqual(expect.stringMatching(/making/));
  });

  it('that is gone fails the deployment with what to do', async () => {
    await system.client.createApp({ name: 'gone' });
    const { id } = await system.client.upload('gone', new Blob([tarGzOf([{ name: 'a', content: 'x' }])]).stream());
    const appId = (await system.client.app('gone')).id;
    await rm(join(system.dataDirectory, 'blobs', 'uploads', appId, `${id}.tar.gz`));
    const deployment = await system.waitUntilEnded((await system.client.deploy('gone', { upload: id })).id);
    expect(deployment).toMatchObject({ status: 'failed', diagnosis: { cause: 'upload_not_found' } });
  });
});

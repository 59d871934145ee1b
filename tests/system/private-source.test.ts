import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newToken } from '../harness/canary.ts';
import { type GitHttpServer, type HostedRepository, startGitHttpServer } from '../harness/git-http-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type SecretWatch, watchSecrets } from '../harness/secret-watch.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let forge: GitHttpServer;
let hosted: HostedRepository;
let watch: SecretWatch;

const deploy = (ref?: string): Promise<DeploymentView> => watch.deploy('shop', ref === undefined ? {} : { ref });
const causeOf = ({ diagnosis }: DeploymentView): string | undefined => diagnosis?.cause;

beforeAll(async () => {
  repository = await createRepository(nodeApp({ says: 'private' }));
  forge = await startGitHttpServer();
  hosted = forge.host('team/shop.git', {
    directory: join(repository.directory, '.git'),
    isPublic: false,
  });
  system = await startSystem();
  watch = watchSecrets(system);
  await system.client.createApp({ name: 'shop', repository: forge.url('team/shop.git') });
});

afterAll(async () => {
  watch?.stop();
  await system?.stop();
  await forge?.close();
  await repository?.remove();
});

describe.sequential('an app whose repository is private', { timeout: 120_000 }, () => {
  let token: string;

  it('fails with what to do while it has no token', async () => {
    const failed = await deploy();
    expect(failed).toMatchObject({ status: 'failed', diagnosis: { cause: 'source_auth_failed', fault: 'user' } });
    expect(failed.diagnosis?.fix).toContain('switchyard source token');
  });

  it('deploys with one', async () => {
    token = watch.look(newToken()).value;
    hosted.tokens.add(token);
    watch.heard(await system.client.setSourceCredential('shop', { kind: 'token', token }));
    const deployment = await deploy();
    expect(deployment.diagnosis).toBeNull();
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'private' });
  });

  it('says that the token was rejected once it has expired, and deploys with the next one', async () => {
    hosted.tokens.delete(token);
    const failed = await deploy();
    expect(failed).toMatchObject({
      status: 'failed',
      diagnosis: { cause: 'source_credential_rejected', fault: 'user' },
    });
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'private' });
    token = watch.look(newToken()).value;
    hosted.tokens.add(token);
    await system.client.setSourceCredential('shop', { kind: 'token', token });
    expect((await deploy()).status).toBe('succeeded');
  });

  it('says that a branch is gone, and which there is', async () => {
    await repository.git('branch', 'feature');
    expect((await deploy('feature')).status).toBe('succeeded');
    await repository.git('branch', '-D', 'feature');
    const failed = await deploy('feature');
    expect(causeOf(failed)).toBe('source_ref_not_found');
    expect(failed.diagnosis?.explanation).toContain('Its default branch is main');
  });

  it('follows the default branch when that is renamed', async () => {
    await repository.git('branch', '-m', 'main', 'trunk');
    const deployed = await deploy();
    expect(deployed).toMatchObject({ status: 'succeeded', commit: { branch: 'trunk' } });
  });

  it('keeps what a foreign commit makes away from what its own commits restore', async () => {
    const own = await repository.git('rev-parse', 'trunk');
    // A pull request that changes nothing that the build depends on, and comes from elsewhere.
    await repository.git('checkout', '--quiet', '--detach', 'trunk');
    const foreign = await repository.commit(
      { 'server.js': nodeApp({ says: 'foreign' })['server.js'] ?? null },
      'Theirs',
    );
    await repository.git('update-ref', 'refs/pull/7/head', foreign);
    await repository.git('checkout', '--quiet', 'trunk');
    const preview = await deploy('refs/pull/7/head');
    expect(preview).toMatchObject({ status: 'succeeded', commit: { sha: foreign, isForeign: true } });
    expect(await system.visit('shop')).toMatchObject({ body: 'foreign' });
    const foreignBuild = preview.stages.find(({ name }) => name === 'build')?.cache;
    // The pull request is merged: the same tree, now on a branch, is built anew.
    await repository.git('merge', '--quiet', '--ff-only', foreign);
    const merged = await deploy();
    expect(merged).toMatchObject({ status: 'succeeded', commit: { sha: foreign } });
    expect(merged.commit?.isForeign).toBeUndefined();
    const build = merged.stages.find(({ name }) => name === 'build')?.cache;
    expect(build).toMatchObject({ result: 'miss' });
    expect(build?.key).not.toBe(foreignBuild?.key);
    // And what was there before is still what its own commits made.
    const before = await deploy(own);
    expect(before.stages.find(({ name }) => name === 'build')?.cache).toMatchObject({ result: 'hit' });
    // A second pull request may read what the app's own commits made.
    await repository.git('update-ref', 'refs/pull/8/head', foreign);
    const reader = await deploy('refs/pull/8/head');
    expect(reader.stages.find(({ name }) => name === 'build')?.cache).toMatchObject({ result: 'hit', key: build?.key });
  });

  it('has its tokens nowhere', async () => {
    expect(watch.commandLineLooks).toBeGreaterThan(5);
    expect(await watch.places()).toEqual([]);
  });
});

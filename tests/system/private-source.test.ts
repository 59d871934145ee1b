import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Canary,
  filesWithTrace,
  holdsTrace,
  listenToRedis,
  newCanary,
  watchCommandLines,
} from '../harness/canary.ts';
import { type GitHttpServer, type HostedRepository, startGitHttpServer } from '../harness/git-http-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let forge: GitHttpServer;
let hosted: HostedRepository;
let redis: ReturnType<typeof listenToRedis>;
const canaries: Canary[] = [];
/** Whatever the api answered with. */
const answers: string[] = [];

/** Tokens have no spaces and nothing beyond ASCII. */
function newToken(): string {
  const made = newCanary();
  const value = made.value.replace(/[^\x21-\x7e]/g, '');
  canaries.push({ value, traces: made.traces });
  return value;
}

async function deploy(ref?: string): Promise<DeploymentView> {
  const { id } = await system.client.deploy('shop', ref === undefined ? {} : { ref });
  for await (const event of system.client.events(id)) answers.push(JSON.stringify(event));
  answers.push(await system.logsOf(id));
  const deployment = await system.waitUntilEnded(id);
  answers.push(JSON.stringify(deployment));
  return deployment;
}

const causeOf = ({ diagnosis }: DeploymentView): string | undefined => diagnosis?.cause;

beforeAll(async () => {
  repository = await createRepository(nodeApp({ says: 'private' }));
  forge = await startGitHttpServer();
  hosted = forge.host('team/shop.git', {
    directory: join(repository.directory, '.git'),
    isPublic: false,
  });
  system = await startSystem();
  redis = listenToRedis(system.redis);
  await system.client.createApp({ name: 'shop', repository: forge.url('team/shop.git') });
});

afterAll(async () => {
  redis?.stop();
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

  it('deploys with one, which no command line shows', async () => {
    token = newToken();
    hosted.tokens.add(token);
    answers.push(JSON.stringify(await system.client.setSourceCredential('shop', { kind: 'token', token })));
    const watch = watchCommandLines(canaries);
    const deployment = await deploy();
    const { looks, found } = await watch.stop();
    expect(deployment.diagnosis).toBeNull();
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'private' });
    expect(found).toEqual([]);
    expect(looks).toBeGreaterThan(5);
  });

  it('says that the token was rejected once it has expired, and deploys with the next one', async () => {
    hosted.tokens.delete(token);
    const failed = await deploy();
    expect(failed).toMatchObject({
      status: 'failed',
      diagnosis: { cause: 'source_credential_rejected', fault: 'user' },
    });
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'private' });
    token = newToken();
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

  it('has its tokens nowhere: Redis, its messages, blobs, logs, the data directory, mirrors, answers, events', async () => {
    expect(canaries).toHaveLength(2);
    answers.push(JSON.stringify(await system.client.sourceCredential('shop')));
    answers.push(JSON.stringify(await system.client.app('shop')), await system.processLogs());
    expect(answers.filter((answer) => holdsTrace(answer, canaries))).toEqual([]);
    expect(await filesWithTrace(system.dataDirectory, canaries)).toEqual([]);
    expect(await filesWithTrace(system.redis.directory, canaries)).toEqual([]);
    const heard = redis.heard();
    expect(heard.includes('sourceCredential')).toBe(true);
    expect(holdsTrace(heard, canaries)).toBe(false);
  });
});

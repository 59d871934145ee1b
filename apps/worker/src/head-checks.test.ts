import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { openSources, type Sources } from '@switchyard/platform';
import { createLog } from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it, test } from 'vitest';
// @boundaries-ignore what tests of several packages share
import { ChainWalk, DIAGNOSIS, ME, OTHER, type WalkedApp } from '../../../tests/harness/chain-walk.ts';
// @boundaries-ignore what tests of several packages share
import { createRepository, type Repository } from '../../../tests/harness/repository.ts';
import { HeadChecks, nextCheckAt } from './head-checks.ts';

const INTERVAL_MS = 300_000;

test('a repository is asked in the interval, and ever less often while it fails', () => {
  expect(nextCheckAt(0, 1_000, 0, 0.5)).toBe(1_000);
  expect(nextCheckAt(0, 1_000, 3, 0.5)).toBe(8_000);
  expect(nextCheckAt(0, 1_000, 60, 0.5)).toBe(LIMITS.headCheckMaxIntervalMs);
  expect(nextCheckAt(0, LIMITS.headCheckMaxIntervalMs * 2, 60, 0.5)).toBe(LIMITS.headCheckMaxIntervalMs * 2);
  expect(nextCheckAt(0, 1_000, 0, 0)).toBe(900);
  expect(nextCheckAt(0, 1_000, 0, 0.999)).toBe(1_100);
});

describe('heads of branches', () => {
  let walk: ChainWalk;
  let repository: Repository;
  let directory: string;
  let sources: Sources;
  let shop: WalkedApp;
  let now = 0;
  let asked: string[];

  beforeEach(async () => {
    walk = await ChainWalk.open(inject('redisUrl'));
    directory = await mkdtemp(join(tmpdir(), 'heads-'));
    repository = await createRepository({ a: 'one' });
    const real = openSources({ dataDir: directory, extraCaCerts: null, allowFileRepositories: true });
    asked = [];
    sources = {
      ...real,
      head: async (request) => {
        asked.push(request.repository);
        return await real.head(request);
      },
    };
    shop = await newApp('shop', repository.url);
    await walk.store.webhooks.renew(shop.appId);
    now = 0;
  });
  afterEach(async () => {
    await walk.close();
    await repository.remove();
    await rm(directory, { recursive: true, force: true });
  });

  async function newApp(name: string, address: string | null): Promise<WalkedApp> {
    const made = { teamId: 'team_default', name, repository: address, branch: null, hosts: [] } as const;
    const { app, environment } = await walk.store.apps.create(made);
    return { appId: app.id, environmentId: environment.id };
  }

  const checksOf = (processId: typeof ME | typeof OTHER = ME): HeadChecks =>
    new HeadChecks({
      store: walk.store,
      sources,
      credentialOf: () => Promise.resolve(null),
      processId,
      intervalMs: INTERVAL_MS,
      clock: () => now,
      jitter: () => 0.5,
      log: createLog({ process: 'worker', level: 'silent' }),
    });

  /** Two rounds: the first only learns which apps there are. */
  async function look(checks = checksOf()): Promise<void> {
    await checks.tick();
    now += INTERVAL_MS;
    await checks.tick();
  }

  const deployments = async () => await walk.store.deployments.listOfApp(shop.appId, { before: null, limit: 20 });

  /** Somebody deploys the app as it stands. */
  async function deployed(outcome: 'succeeded' | 'failed' = 'succeeded'): Promise<void> {
    const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;
    const { id } = await walk.store.chain.accept({ ...shop, trigger: 'api', what });
    const commit = { sha: await repository.git('rev-parse', 'HEAD'), branch: 'main', message: '', author: 'A', at: 1 };
    await walk.pass(id, 'pin', { kind: 'succeeded', commit });
    if (outcome === 'failed')
      await walk.pass(id, 'source', { kind: 'failed', diagnosis: DIAGNOSIS, note: 'no', retryAfterMs: null });
    await walk.walk(id, null);
  }

  it('that no deployment has had are deployed, once', async () => {
    await deployed();
    const sha = await repository.commit({ a: 'two' }, 'Missed');
    const checks = checksOf();
    await look(checks);
    const [newest, ...older] = await deployments();
    expect(newest).toMatchObject({ trigger: 'poll', ref: 'main', pushed: sha, status: 'queued' });
    expect(older).toHaveLength(1);
    now += INTERVAL_MS * 2;
    await checks.tick();
    expect(await deployments()).toHaveLength(2);
    const late = { ...shop, ref: 'main', sha, provider: 'github', deliveryId: 'late' } as const;
    expect(await walk.store.chain.acceptPush(late)).toEqual({ answer: 'already-deployed', deploymentId: newest?.id });
  });

  it('are left alone when they are deployed, whatever became of it', async () => {
    await deployed('failed');
    await look();
    expect(asked).toHaveLength(1);
    expect(await deployments()).toHaveLength(1);
  });

  it('are left alone while a deployment does not know its commit yet', async () => {
    await deployed();
    await repository.commit({ a: 'two' }, 'Next');
    const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;
    await walk.store.chain.accept({ ...shop, trigger: 'api', what });
    await look();
    expect(await deployments()).toHaveLength(2);
  });

  it('wait for a hold', async () => {
    await deployed();
    const [first] = await deployments();
    const release = await walk.store.releases.get(first?.artifacts.releaseId ?? `rel_${first?.number}aaaaaa`);
    if (release === null) throw new Error('no release');
    await walk.store.chain.accept({ ...shop, trigger: 'rollback', what: { kind: 'rollback', release } });
    await repository.commit({ a: 'two' }, 'Held');
    await look();
    expect(await deployments()).toHaveLength(2);
  });

  it('are asked for where pushes deploy: with a webhook, a repository and a deployment', async () => {
    await newApp('without-webhook', repository.url);
    const folder = await newApp('folder', null);
    await walk.store.webhooks.renew(folder.appId);
    await look();
    expect(asked).toEqual([]);
    await deployed();
    await look();
    expect(asked).toEqual([repository.url]);
  });

  it('are asked for by one worker at a time', async () => {
    await deployed();
    await look(checksOf(ME));
    await look(checksOf(OTHER));
    expect(asked).toHaveLength(1);
  });

  it('of a repository that fails are asked for less often', async () => {
    await deployed();
    await repository.remove();
    const checks = checksOf();
    await look(checks);
    expect(asked).toHaveLength(1);
    now += INTERVAL_MS;
    await checks.tick();
    expect(asked).toHaveLength(1);
    now += INTERVAL_MS;
    await checks.tick();
    expect(asked).toHaveLength(2);
  });
});

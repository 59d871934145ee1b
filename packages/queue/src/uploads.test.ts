import { LIMITS, type UploadId } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';

let chain: ChainWalk;
let now = 1_800_000_000_000;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
  now = 1_800_000_000_000;
});
afterEach(() => chain.close());

const id = (number: number): UploadId => `upl_upload${number}`;

function wait(ms: number): void {
  now += ms;
  chain.wait(ms);
}

async function send(number: number): Promise<void> {
  wait(1);
  const { appId } = chain.app;
  await chain.store.uploads.put({
    v: 1,
    id: id(number),
    appId,
    bytes: 1,
    sha256: 'a'.repeat(64),
    files: 1,
    createdAt: now,
  });
}

async function deploy(number: number) {
  wait(1);
  const what = { kind: 'deploy', ref: null, upload: id(number), reuse: 'all' } as const;
  return await chain.store.chain.accept({ ...chain.app, trigger: 'cli', what });
}

const prune = async () => await chain.store.uploads.prune(chain.app.appId);
const kept = async () => (await chain.store.uploads.list(chain.app.appId)).map((upload) => upload.id);

describe('an upload', () => {
  it('is what a deployment deploys', async () => {
    await send(1);
    const deployment = await deploy(1);
    expect(deployment).toMatchObject({ upload: id(1), ref: null, trigger: 'cli' });
    expect(await chain.store.uploads.get(chain.app.appId, id(1))).toMatchObject({ id: id(1), files: 1 });
  });

  it('that is not there, or is another app’s, is not deployed', async () => {
    await send(1);
    await expect(deploy(2)).rejects.toMatchObject({ code: 'upload-not-found' });
    const other = await chain.newApp('other');
    const what = { kind: 'deploy', ref: null, upload: id(1), reuse: 'all' } as const;
    await expect(chain.store.chain.accept({ ...other, trigger: 'api', what })).rejects.toMatchObject({
      code: 'upload-not-found',
    });
  });

  it('is not recorded for an app that is gone', async () => {
    await chain.store.apps.remove(chain.app.appId);
    await expect(send(1)).rejects.toMatchObject({ code: 'app-not-found' });
  });

  it('is forgotten with its app', async () => {
    await send(1);
    await chain.store.apps.remove(chain.app.appId);
    await chain.store.chain.sweep('proc_workerone');
    expect(await kept()).toEqual([]);
  });
});

describe('uploads stay', () => {
  it('the newest of an app, sent or deployed', async () => {
    await send(1);
    for (let number = 2; number <= LIMITS.keptUploads + 1; number += 1) await send(number);
    const first = await deploy(1);
    await chain.walk(first.id, null);
    expect(await prune()).toEqual([id(2)]);
    expect(await kept()).toEqual([
      ...Array.from({ length: LIMITS.keptUploads - 1 }, (_, index) => id(LIMITS.keptUploads + 1 - index)),
      id(1),
    ]);
    expect(await prune()).toEqual([]);
  });

  it('while a deployment that has not ended needs them', async () => {
    await send(1);
    const deployment = await deploy(1);
    await chain.walk(deployment.id, 'build');
    for (let number = 2; number <= LIMITS.keptUploads + 1; number += 1) {
      await send(number);
      await chain.walk((await deploy(number)).id, null);
    }
    expect(await prune()).toEqual([]);
    await chain.store.chain.cancel(deployment.id);
    const { step } = await chain.get(deployment.id);
    if (step !== null) await chain.walk(deployment.id, null);
    expect(await prune()).toEqual([id(1)]);
  });

  it('for a day, when nothing is deployed from them', async () => {
    await send(1);
    await send(2);
    await chain.walk((await deploy(2)).id, null);
    wait(LIMITS.unusedUploadMs - 10);
    expect(await prune()).toEqual([]);
    wait(20);
    expect(await prune()).toEqual([id(1)]);
    expect(await kept()).toEqual([id(2)]);
  });
});

describe('an app without a repository', () => {
  it('deploys uploads and no ref', async () => {
    const { app, environment } = await chain.store.apps.create({
      teamId: 'team_default',
      name: 'folder',
      repository: null,
      branch: null,
      hosts: [],
    });
    expect((await chain.store.apps.get(app.id))?.repository).toBeNull();
    const owner = { appId: app.id, environmentId: environment.id, trigger: 'api' } as const;
    await expect(
      chain.store.chain.accept({ ...owner, what: { kind: 'deploy', ref: null, reuse: 'all' } }),
    ).rejects.toMatchObject({ code: 'no-repository' });
    await chain.store.uploads.put({
      v: 1,
      id: id(1),
      appId: app.id,
      bytes: 1,
      sha256: 'a'.repeat(64),
      files: 1,
      createdAt: now,
    });
    const what = { kind: 'deploy', ref: null, upload: id(1), reuse: 'all' } as const;
    expect(await chain.store.chain.accept({ ...owner, what })).toMatchObject({ repository: null, upload: id(1) });
  });
});

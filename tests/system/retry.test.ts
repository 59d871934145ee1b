import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import type { StageName } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { openShop, type Shop } from '../harness/shop.ts';

let shop: Shop;
/** While it is there, the app ends at its start. */
let broken: string;
/** A line for each migration that ran. */
let ran: string;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'one' }), { live: true });
  broken = join(shop.outside, 'broken');
  ran = join(shop.outside, 'ran');
});

afterAll(async () => {
  await shop?.close();
});

const lines = async (file: string): Promise<string[]> => (await readFile(file, 'utf8')).trim().split('\n');

function stage(deployment: DeploymentView, name: StageName) {
  const found = deployment.stages.find((item) => item.name === name);
  if (found === undefined) throw new Error(`no stage ${name}`);
  return found;
}

const retry = async (id: string, from?: StageName): Promise<DeploymentView> => {
  const { id: again } = await shop.system.client.retry(id, from === undefined ? {} : { from });
  return await shop.system.waitUntilEnded(again);
};

/** A version that migrates and then ends at its start, because of what is outside of it. */
async function failsInHealth(says: string): Promise<DeploymentView> {
  await writeFile(broken, '');
  const atStart = `if (require('node:fs').existsSync(${JSON.stringify(broken)})) { console.error('not yet'); process.exit(1); }`;
  const migrate = `sh -c 'echo "$DATABASE_NAME" >> ${ran}'`;
  await shop.repository.commit({ ...nodeApp({ says, atStart, migrate }), 'says.txt': says });
  await rm(ran, { force: true });
  const failed = await shop.system.deploy('shop');
  expect(failed.diagnosis).toMatchObject({ stage: 'health' });
  expect(await lines(ran)).toHaveLength(1);
  return failed;
}

describe.sequential('a failed deployment that is tried again', { timeout: 90_000 }, () => {
  it('goes on from where it failed: nothing is built again, and the migration is not run again', async () => {
    const failed = await failsInHealth('two');
    await rm(broken);
    // What was pushed since is another deployment's business.
    await shop.repository.commit({ 'later.txt': 'later' });
    const again = await retry(failed.id);
    expect(again).toMatchObject({
      status: 'succeeded',
      number: failed.number + 1,
      retryOf: { id: failed.id, number: failed.number, from: null },
    });
    expect(again.commit).toEqual(failed.commit);
    expect(stage(again, 'install').cache?.result).toBe('hit');
    expect(stage(again, 'build').cache?.result).toBe('hit');
    expect(stage(again, 'migrate')).toMatchObject({
      status: 'skipped',
      note: `#${failed.number} ran it, on the same tree.`,
    });
    expect(await lines(ran)).toHaveLength(1);
    expect((await shop.system.visit('shop')).body).toBe('two');
  });

  it('runs the migration again when a variable that it gets has changed, and builds nothing', async () => {
    const failed = await failsInHealth('three');
    await rm(broken);
    await shop.system.client.setVariables('shop', { set: { DATABASE_NAME: 'other' }, scope: 'run', sensitive: false });
    const again = await retry(failed.id);
    expect(again.status).toBe('succeeded');
    expect(stage(again, 'build').cache?.result).toBe('hit');
    expect(stage(again, 'migrate').status).toBe('succeeded');
    expect((await lines(ran)).at(-1)).toBe('other');
  });

  it('fails, is tried again, and still knows the migration that the first one ran', async () => {
    const failed = await failsInHealth('four');
    const second = await retry(failed.id);
    expect(second.diagnosis).toMatchObject({ stage: 'health' });
    await rm(broken);
    const third = await retry(second.id);
    expect(third).toMatchObject({ status: 'succeeded', retryOf: { number: second.number } });
    expect(await lines(ran)).toHaveLength(1);
  });

  it.each([
    ['build', { install: 'hit', build: 'miss', ran: 2 }],
    ['install', { install: 'miss', build: 'miss', ran: 2 }],
    ['migrate', { install: 'hit', build: 'hit', ran: 2 }],
    ['health', { install: 'hit', build: 'hit', ran: 1 }],
  ] as const)('does %s anew when asked to, with all that follows', async (from, expected) => {
    const failed = await failsInHealth(`from ${from}`);
    await rm(broken);
    const again = await retry(failed.id, from);
    expect(again.status).toBe('succeeded');
    expect(stage(again, 'install').cache?.result).toBe(expected.install);
    expect(stage(again, 'build').cache?.result).toBe(expected.build);
    expect(await lines(ran)).toHaveLength(expected.ran);
  });

  it('is refused once a newer one is live: an older version never replaces a newer one', async () => {
    const failed = await failsInHealth('five');
    await rm(broken);
    await shop.repository.commit(nodeApp({ says: 'six' }));
    expect((await shop.system.deploy('shop')).status).toBe('succeeded');
    await expect(retry(failed.id)).rejects.toMatchObject({ code: 'deployment-outdated' });
    expect((await shop.system.visit('shop')).body).toBe('six');
  });

  it('is refused when it succeeded or has not ended', async () => {
    const { client } = shop.system;
    const [live] = (await client.deployments('shop')).deployments;
    await expect(client.retry(live?.id ?? '')).rejects.toMatchObject({ code: 'nothing-to-retry' });
    await shop.repository.commit(nodeApp({ says: 'slow', build: 'sleep 60' }));
    const { id } = await client.deploy('shop');
    await expect(client.retry(id)).rejects.toMatchObject({ code: 'deployment-not-finished' });
    await client.cancel(id);
    expect((await shop.system.waitUntilEnded(id)).status).toBe('cancelled');
  });
});

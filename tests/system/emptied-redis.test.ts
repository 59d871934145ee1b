import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
// @boundaries-ignore the search for left processes is shared with the CI script, which runs before any package is installed
import { endLeftovers } from '../../scripts/process/leftovers.mjs';
import { nodeApp } from '../harness/node-app.ts';
import { openShop, type Shop } from '../harness/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'before the loss' }), { live: true });
});

afterAll(async () => {
  await shop?.close();
  // No record names the instance from before the loss any more, and nobody ends what no record names.
  const directory = shop?.system.dataDirectory;
  if (directory !== undefined) await endLeftovers({ mark: `SWITCHYARD_DATA_DIR=${directory}`, directory }, 0);
});

const SOON = { timeout: 30_000 };
const LOST = 'Redis came back without its records';

it('a Redis that comes back empty stops nothing; all is restarted under the new one, and the app is deployed anew in its place', {
  timeout: 120_000,
}, async () => {
  const { system } = shop;
  const said = async (by: string): Promise<boolean> =>
    (await system.processLogs()).split('\n').some((line) => line.includes(LOST) && line.includes(by));
  await system.redis.kill();
  await rm(join(system.redis.directory, 'appendonlydir'), { recursive: true });
  await system.redis.restart();
  await expect.poll(() => said('what runs is left running'), SOON).toBe(true);
  await expect.poll(() => said('what was served goes on being served'), SOON).toBe(true);
  expect(await system.visit('shop')).toEqual({ status: 200, body: 'before the loss' });

  // As the runner's log says: restarted, everything works for the new records.
  for (const name of ['worker', 'runner', 'router', 'api'] as const) {
    await system.services[name].signal('SIGKILL');
    system.start(name);
  }
  await expect
    .poll(
      () =>
        fetch(`${system.apiUrl}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      SOON,
    )
    .toBe(200);
  expect(await system.client.listApps()).toEqual([]);
  // The router that was killed is counted as alive for some seconds, in which the next one may not listen yet.
  await expect
    .poll(() => system.visit('shop').catch(() => null), SOON)
    .toEqual({ status: 200, body: 'before the loss' });

  await shop.repository.commit(nodeApp({ says: 'after the loss' }));
  await system.client.createApp({ name: 'shop', repository: shop.repository.url });
  expect((await system.deploy('shop')).status).toBe('succeeded');
  await expect.poll(() => system.visit('shop'), SOON).toEqual({ status: 200, body: 'after the loss' });
});

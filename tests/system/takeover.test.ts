import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { openShop, type Shop } from '../harness/shop.ts';

/** What a machine that runs other tests too needs on top of what is promised. */
const LOAD_MS = 10_000;

let shop: Shop;
let sequence = 0;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'version 0' }), { live: true });
});

afterAll(async () => {
  await shop?.close();
});

/** Deploys a version whose build waits; answers when it has begun in the given number of attempts. */
async function deployWaiting(): Promise<{
  id: string;
  begun: (times: number) => Promise<void>;
  go: () => Promise<void>;
}> {
  sequence += 1;
  const file = join(shop.outside, `wait-${sequence}`);
  const build = `sh -c 'echo begun >> ${file}.begun; while [ ! -e ${file}.go ]; do sleep 0.02; done'`;
  await shop.repository.commit(nodeApp({ says: `version ${sequence}`, build }));
  const { id } = await shop.system.client.deploy('shop');
  return {
    id,
    begun: (times) =>
      expect
        .poll(async () => (existsSync(`${file}.begun`) ? await readFile(`${file}.begun`, 'utf8') : ''), {
          timeout: LIMITS.leaseMs + LIMITS.sweepMs + LOAD_MS,
        })
        .toBe('begun\n'.repeat(times)),
    go: () => writeFile(`${file}.go`, ''),
  };
}

it.sequential('of a worker that was killed, the leader of the sweep at that, within its lease and a sweep', {
  timeout: 120_000,
}, async () => {
  const { system } = shop;
  const first = await deployWaiting();
  await first.begun(1);
  // The one that has led the sweep since it was alone.
  const leader = system.services.worker;
  system.start('worker');
  await expect
    .poll(async () => (await system.client.processes()).filter(({ kind }) => kind === 'worker').length)
    .toBe(2);
  const killedAt = performance.now();
  await leader.signal('SIGKILL');
  await first.begun(2);
  expect(performance.now() - killedAt).toBeLessThan(LIMITS.leaseMs + LIMITS.sweepMs + LOAD_MS);
  await first.go();
  expect((await system.waitUntilEnded(first.id)).status).toBe('succeeded');
});

it.sequential('of a worker that was told to stop within 2 s', { timeout: 120_000 }, async () => {
  const { system } = shop;
  const second = await deployWaiting();
  await second.begun(1);
  const leaving = system.services.worker;
  system.start('worker');
  await expect
    .poll(async () => (await system.client.processes()).filter(({ kind }) => kind === 'worker').length)
    .toBe(2);
  const toldAt = performance.now();
  leaving.send('SIGTERM');
  await second.begun(2);
  expect(performance.now() - toldAt).toBeLessThan(2_000 + LOAD_MS);
  await second.go();
  expect((await system.waitUntilEnded(second.id)).status).toBe('succeeded');
});

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import type { Repository } from '../harness/repository.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import type { System } from '../harness/system.ts';

let shop: Shop;
let system: System;
let repository: Repository;
let outside: string;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'before' }), { live: true });
  ({ system, repository, outside } = shop);
});

afterAll(async () => {
  await shop?.close();
});

// Each waits for a lease to run out; these are the four places at which most is half done: a command that must not run twice, an instance
// that must not be started twice, a route that has moved and nobody knows, a deployment that is through but for its record.
it.sequential.each(['migrate:desired', 'health:desired', 'switch:moved', 'cleanup:ran'])(
  'a worker that dies at %s loses nothing and does nothing twice',
  { timeout: 90_000 },
  async (point) => {
    const says = `after ${point}`;
    const migrations = join(outside, point.replace(':', '-'));
    await repository.commit(nodeApp({ says, migrate: `sh -c 'echo migrated >> ${migrations}'` }));
    await system.services.worker.signal('SIGTERM');
    const doomed = system.start('worker', { SWITCHYARD_FAULT_POINT: point });
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => doomed.running, { timeout: 40_000 }).toBe(false);
    expect(doomed.exitCode).toBeNull();
    system.start('worker');

    const ended = await system.waitUntilEnded(id);
    expect(ended.status).toBe('succeeded');
    const [step = ''] = point.split(':');
    expect(ended.stages.find(({ name }) => name === step)?.attempts.map(({ result }) => result)).toEqual([
      'lost',
      'succeeded',
    ]);
    expect(existsSync(migrations) && (await readFile(migrations, 'utf8'))).toBe('migrated\n');
    expect((await system.visit('shop')).body).toBe(says);
    await expect
      .poll(async () => (await system.client.app('shop')).instances.map(({ deploymentId }) => deploymentId), {
        timeout: 40_000,
      })
      .toEqual([id]);
  },
);

import { existsSync, watch } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import type { Files, Repository } from '../harness/repository.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import type { System } from '../harness/system.ts';

let shop: Shop;
let system: System;
let repository: Repository;
let outside: string;

beforeAll(async () => {
  shop = await openShop(nodeApp({ says: 'old' }), { live: true });
  ({ system, repository, outside } = shop);
});

afterAll(async () => {
  await shop?.close();
});

/** Many small files, so that getting a migration's tree ready takes a while. */
function manyFiles(): Files {
  return Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`data/${index}.txt`, `${index}\n`]));
}

it('a runner that is killed before a migration’s command has begun loses nothing: it runs once, the deployment succeeds', {
  timeout: 120_000,
}, async () => {
  const ran = join(outside, 'ran');
  await repository.commit({ ...nodeApp({ says: 'new', migrate: `sh -c 'echo ran >> ${ran}'` }), ...manyFiles() });
  const oneOffs = join(system.dataDirectory, 'oneoffs');
  await mkdir(oneOffs, { recursive: true });
  const killed = new Promise<void>((resolve) => {
    const watching = watch(oneOffs, () => {
      watching.close();
      void system.services.runner.signal('SIGKILL').then(resolve);
    });
  });
  const { id } = await system.client.deploy('shop');
  await killed;
  const [made = ''] = await readdir(oneOffs);
  expect(made).toMatch(/^run_/);
  expect(existsSync(join(oneOffs, made, 'pid'))).toBe(false);

  system.start('runner');
  const ended = await system.waitUntilEnded(id);
  expect(ended.diagnosis).toBeNull();
  expect(ended.status).toBe('succeeded');
  expect(await readFile(ran, 'utf8')).toBe('ran\n');
  expect(await system.visit('shop')).toEqual({ status: 200, body: 'new' });
});

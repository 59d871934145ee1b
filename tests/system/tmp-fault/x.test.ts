import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeApp } from '../../harness/node-app.ts';
import { createRepository, type Repository } from '../../harness/repository.ts';
import { type System, startSystem } from '../../harness/system.ts';

let system: System;
let repository: Repository;
let outside: string;
beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), 'outside-'));
  system = await startSystem();
  repository = await createRepository({
    ...nodeApp({ says: 'old' }),
    'switchyard.json': JSON.stringify({ node: process.versions.node }),
  });
  await system.client.createApp({ name: 'shop', repository: repository.url });
  expect((await system.deploy('shop')).status).toBe('succeeded');
}, 100_000);
afterAll(async () => {
  await system?.stop();
  await repository?.remove();
  await rm(outside, { recursive: true, force: true });
});
it.each([
  'pin:begun',
  'source:ran',
  'install:finished',
  'migrate:desired',
  'package:ran',
  'health:desired',
  'switch:moved',
  'switch:finished',
  'cleanup:ran',
])('%s', { timeout: 90_000 }, async (point) => {
  const file = join(outside, point);
  await repository.commit(nodeApp({ says: point, migrate: `sh -c 'echo ran >> ${file}'` }));
  await system.services.worker.signal('SIGTERM');
  const dying = system.start('worker', { SWITCHYARD_FAULT_POINT: point });
  const { id } = await system.client.deploy('shop');
  await expect.poll(() => dying.running, { timeout: 40_000 }).toBe(false);
  system.start('worker');
  const ended = await system.waitUntilEnded(id);
  console.log(point, ended.status, ended.stages.map((s) => s.attempts.map((a) => a.result).join('+')).join(' '));
  expect(ended.status).toBe('succeeded');
  expect(await readFile(file, 'utf8')).toBe('ran\n');
  expect((await system.visit('shop')).body).toBe(point);
});

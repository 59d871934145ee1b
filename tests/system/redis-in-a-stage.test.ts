import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { openToApps } from '../harness/shop.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let outside: string;

beforeAll(async () => {
  outside = await openToApps(await mkdtemp(join(tmpdir(), 'outside-')));
  system = await startSystem();
  repository = await createRepository(nodeApp({ says: 'old' }));
  await system.client.createApp({ name: 'shop', repository: repository.url });
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
  await rm(outside, { recursive: true, force: true });
});

it('a Redis that is away for less than a lease costs a build nothing, and its log no line', {
  timeout: 60_000,
}, async () => {
  const file = join(outside, 'build');
  const work = `touch ${file}.begun; i=0; while [ ! -e ${file}.go ]; do i=$((i+1)); echo line $i; echo $i > ${file}.count; sleep 0.02; done`;
  await repository.commit(nodeApp({ says: 'new', build: work }));
  const { id } = await system.client.deploy('shop');
  await expect.poll(() => existsSync(`${file}.begun`)).toBe(true);

  await system.redis.kill();
  const before = Number(await readFile(`${file}.count`, 'utf8'));
  await expect.poll(async () => Number(await readFile(`${file}.count`, 'utf8'))).toBeGreaterThan(before + 50);
  await system.redis.restart();
  await expect.poll(async () => (await fetch(`${system.apiUrl}/readyz`)).status).toBe(200);
  await writeFile(`${file}.go`, '');

  const ended = await system.waitUntilEnded(id);
  expect(ended.status).toBe('succeeded');
  expect(ended.stages.find(({ name }) => name === 'build')?.attempts.map(({ result }) => result)).toEqual([
    'succeeded',
  ]);
  const count = Number(await readFile(`${file}.count`, 'utf8'));
  const numbers = [...(await system.logsOf(id)).matchAll(/\bline (\d+)/g)].map((match) => Number(match[1]));
  expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1));
});

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nodeApp } from '../harness/node-app.ts';
import { processesWith } from '../harness/process-table.ts';
import type { Repository } from '../harness/repository.ts';
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

/**
 * A program that wants to stay: it ignores TERM, leaves a grandchild in a session of its own that ignores TERM too, and says with a file
 * that both are there. `mark` is on both command lines.
 */
function stayer(mark: string, ready: string): string {
  return [
    `const { spawn } = require('node:child_process');`,
    `process.on('SIGTERM', () => {}); process.on('SIGHUP', () => {});`,
    `if (process.argv[2] === 'grandchild') { require('node:fs').writeFileSync(${JSON.stringify(ready)}, 'ready'); setInterval(() => {}, 1000); }`,
    `else if (process.argv[2] === 'child') { spawn(process.execPath, [__filename, 'grandchild', '${mark}'], { detached: true, stdio: 'inherit' }).unref(); process.exit(0); }`,
    `else { spawn(process.execPath, [__filename, 'child', '${mark}'], { detached: true, stdio: 'inherit' }).unref(); setInterval(() => {}, 1000); }`,
  ].join('\n');
}

const run = (mark: string): string => `node stay.js first ${mark}`;

describe.sequential('cancelling leaves nothing in the process table and the old version live', {
  timeout: 60_000,
}, () => {
  it.each([
    {
      stage: 'install',
      files: (mark: string) => ({
        ...nodeApp({ says: 'new' }),
        'vendor/greet/package.json': JSON.stringify({
          name: 'greet',
          version: '1.0.0',
          main: 'index.js',
          scripts: { postinstall: `node ../../vendor/greet/stay.js first ${mark}` },
        }),
      }),
    },
    { stage: 'build', files: (mark: string) => nodeApp({ says: 'new', build: run(mark) }) },
    {
      stage: 'health',
      files: (mark: string) =>
        nodeApp({
          says: 'new',
          atStart: `process.argv[2] = 'first'; require('./stay.js'); process.title = '${mark}'; require('node:http').createServer = () => ({ listen() {}, close() {} });`,
        }),
    },
  ])('in $stage', async ({ stage, files }) => {
    const mark = `stays-in-${stage}-${Date.now()}`;
    const ready = join(outside, mark);
    await repository.commit({
      ...files(mark),
      'stay.js': stayer(mark, ready),
      'vendor/greet/stay.js': stayer(mark, ready),
    });
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(ready)).toBe(true);
    expect((await processesWith(mark)).length).toBeGreaterThan(0);
    await system.client.cancel(id);
    const ended = await system.waitUntilEnded(id);
    expect(ended.status).toBe('cancelled');
    expect(ended.stages.find(({ name }) => name === stage)?.status).toBe('cancelled');
    expect(await processesWith(mark)).toEqual([]);
    expect(await system.visit('shop')).toEqual({ status: 200, body: 'old' });
  });

  it('in migrate, whose command is let to its end', async () => {
    const ran = join(outside, 'migration-was-cancelled');
    await repository.commit({
      ...nodeApp({
        says: 'new',
        migrate: `sh -c 'touch ${ran}.begun; while [ ! -e ${ran}.go ]; do sleep 0.05; done; touch ${ran}.ended'`,
      }),
      'stay.js': null,
    });
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(`${ran}.begun`)).toBe(true);
    await system.client.cancel(id);
    expect((await system.client.deployment(id)).status).toBe('cancelling');
    await writeFile(`${ran}.go`, '');
    const ended = await system.waitUntilEnded(id);
    expect(ended.status).toBe('cancelled');
    expect(existsSync(`${ran}.ended`)).toBe(true);
    expect(await system.visit('shop')).toEqual({ status: 200, body: 'old' });
  });

  it('in migrate by force, which ends its command, holds the environment, and goes on when somebody has looked', async () => {
    const mark = `forced-${Date.now()}`;
    const ready = join(outside, mark);
    await repository.commit({ ...nodeApp({ says: 'new', migrate: run(mark) }), 'stay.js': stayer(mark, ready) });
    const { id } = await system.client.deploy('shop');
    await expect.poll(() => existsSync(ready)).toBe(true);
    await system.client.cancel(id);
    expect((await system.client.deployment(id)).status).toBe('cancelling');
    await system.client.cancel(id, { force: true });
    const ended = await system.waitUntilEnded(id);
    expect(ended).toMatchObject({ status: 'cancelled', diagnosis: { cause: 'migration_outcome_unknown' } });
    expect(ended.diagnosis?.explanation).toContain('switchyard resume shop');
    expect(await processesWith(mark)).toEqual([]);
    expect(await system.visit('shop')).toEqual({ status: 200, body: 'old' });

    const [environment] = (await system.client.app('shop')).environments;
    expect(environment?.hold).toMatchObject({ scope: 'all', deploymentId: id });
    await repository.commit({ ...nodeApp({ says: 'old', migrate: 'true' }), 'stay.js': null });
    const next = await system.client.deploy('shop');
    await expect.poll(async () => (await system.client.deployment(next.id)).waiting).toBe('hold');
    await system.client.releaseHold(environment?.id ?? '');
    expect((await system.waitUntilEnded(next.id)).status).toBe('succeeded');
  });

  it('by force is refused where no migration runs', async () => {
    const { deployments } = await system.client.deployments('shop');
    await expect(system.client.cancel(deployments[0]?.id ?? '', { force: true })).rejects.toMatchObject({
      code: 'deployment-finished',
    });
  });

  it('while the commit is looked for at a repository that does not answer', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const connected = once(silent, 'connection');
    try {
      const name = 'silent';
      await system.client.createApp({ name, repository: `http://127.0.0.1:${port}/silent.git` });
      const { id } = await system.client.deploy(name);
      const [socket] = z.tuple([z.instanceof(Socket)]).parse(await connected);
      expect((await processesWith(`127.0.0.1:${port}/silent.git`)).length).toBeGreaterThan(0);
      await system.client.cancel(id);
      expect((await system.waitUntilEnded(id)).status).toBe('cancelled');
      await expect.poll(() => processesWith(`127.0.0.1:${port}/silent.git`)).toEqual([]);
      socket.destroy();
    } finally {
      await new Promise((resolve) => silent.close(resolve));
    }
  });

  it('in switch, which waits for a router', async () => {
    await repository.commit(nodeApp({ says: 'new' }));
    await system.services.router.signal('SIGTERM');
    const { id } = await system.client.deploy('shop');
    const stageOf = async () =>
      (await system.client.deployment(id)).stages.find(({ name }) => name === 'switch')?.status;
    await expect.poll(stageOf).toBe('running');
    await system.client.cancel(id);
    const ended = await system.waitUntilEnded(id);
    expect(ended.status).toBe('cancelled');
    expect(await stageOf()).toBe('cancelled');
    expect(await processesWith(id)).toEqual([]);
    system.start('router');
    await expect.poll(() => system.visit('shop').catch(() => null)).toEqual({ status: 200, body: 'old' });
  });

  it('before it has begun', async () => {
    system.services.worker.send('SIGSTOP');
    const { id } = await system.client.deploy('shop');
    await system.client.cancel(id);
    expect((await system.client.deployment(id)).status).toBe('cancelled');
    system.services.worker.send('SIGCONT');
  });

  it('is refused when the deployment has ended, and says to roll back when it is live', async () => {
    const { deployments } = await system.client.deployments('shop');
    const first = deployments.at(-1)?.id ?? '';
    await expect(system.client.cancel(first)).rejects.toMatchObject({ problem: { status: 409 } });
  });
});

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Endpoint, idsFrom, type ProcessId } from '@switchyard/domain';
import { openStore, type Store } from '@switchyard/queue';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
// @boundaries-ignore walking the chain by hand is shared with the tests of what crosses packages
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';
// @boundaries-ignore a private Redis server is shared with the tests of what crosses packages
import { type RedisServer, startRedis } from '../../../tests/harness/redis.ts';
import { EMPTY_TABLE } from './table.ts';
import { tableFile } from './table-file.ts';
import { TableSource } from './table-source.ts';
import { Targets } from './targets.ts';

const Line = z.object({ msg: z.string() });
const HOST = 'hello.localhost';
const SOON = { timeout: 30_000, interval: 20 };

/** What has to end with a test, last first. */
let endings: (() => Promise<void>)[];
let path: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'router-source-'));
  path = join(directory, 'table.json');
  endings = [async () => await rm(directory, { recursive: true, force: true })];
});

afterEach(async () => {
  for (const end of endings.reverse()) await end();
});

/** A router without its HTTP server. */
class RouterWithoutVisitors {
  readonly processId: ProcessId = `proc_${randomBytes(4).toString('hex')}`;
  readonly lines: string[] = [];
  readonly targets: Targets;
  readonly source: TableSource;

  constructor(store: Store) {
    this.targets = new Targets(
      () => 0,
      { connectMs: 1_000, idleMs: 1_000 },
      () => this.source.poke(),
    );
    const log = pino(
      { base: null, timestamp: false },
      { write: (line: string) => void this.lines.push(Line.parse(JSON.parse(line)).msg) },
    );
    this.source = new TableSource({
      routing: store.routing,
      file: tableFile(path),
      targets: this.targets,
      processId: this.processId,
      clock: Date.now,
      log,
    });
  }

  static async start(store: Store): Promise<RouterWithoutVisitors> {
    const router = new RouterWithoutVisitors(store);
    await router.source.start();
    endings.push(async () => {
      await router.source.stop();
      await router.targets.close();
    });
    return router;
  }

  /** Ports that requests for the host may go to; null where the host is unknown. */
  ports(host = HOST): number[] | null {
    return this.targets.site(host)?.shares.flatMap(({ targets }) => targets.map(({ backend }) => backend.port)) ?? null;
  }

  async join(store: Store): Promise<void> {
    await store.processes.join({
      id: this.processId,
      kind: 'router',
      hostId: 'host_aaaaaa',
      pid: 1,
      version: '0',
      metrics: null,
      startedAt: 0,
    });
  }
}

async function farmOn(redisUrl: string): Promise<ChainWalk> {
  const chain = await ChainWalk.open(redisUrl);
  endings.push(async () => await chain.close());
  return chain;
}

async function privateRedis(): Promise<RedisServer> {
  const redis = await startRedis();
  endings.push(async () => await redis.stop());
  return redis;
}

/** Comes back with nothing, as from a lost disk. */
async function loseRecords(redis: RedisServer): Promise<void> {
  await redis.kill();
  await rm(join(redis.directory, 'appendonlydir'), { recursive: true });
  await redis.restart();
}

/** A ready instance of an app that this makes. */
async function otherAppsEndpoint(chain: ChainWalk, port: number): Promise<Endpoint> {
  const { environmentId } = await chain.newApp('other');
  const [instanceId, deploymentId] = ['ins_9aaaaaa', 'dep_9aaaaaa'] as const;
  return { instanceId, environmentId, deploymentId, host: '127.0.0.1', port, ready: true };
}

/** A router's store, for a Redis that is gone. */
async function lateStore(redisUrl: string, prefix: string): Promise<Store> {
  const ids = idsFrom(() => randomBytes(8).toString('hex'));
  const store = await openStore({
    redisUrl,
    prefix,
    clock: Date.now,
    ids,
    name: 'late',
    whenUnreachable: 'continue',
  });
  endings.push(async () => await store.close());
  return store;
}

describe('with Redis', () => {
  it('follows routes and instances as they change, and keeps them on disk', async () => {
    const chain = await farmOn(inject('redisUrl'));
    const router = await RouterWithoutVisitors.start(chain.store);
    expect(router.ports()).toBeNull();
    await chain.walk(await chain.deploy(), null);
    await expect.poll(() => router.ports(), SOON).toEqual([20_001]);
    await chain.store.routing.removeEndpoint('ins_1aaaaaa');
    await expect.poll(() => router.ports(), SOON).toEqual([]);
    await expect
      .poll(async () => await tableFile(path).read(), SOON)
      .toMatchObject({ table: { routes: [{ hosts: [HOST] }], endpoints: [] } });
  });

  it('acknowledges a route once it is in use', async () => {
    const chain = await farmOn(inject('redisUrl'));
    const { routing } = chain.store;
    const router = await RouterWithoutVisitors.start(chain.store);
    await router.join(chain.store);
    await chain.walk(await chain.deploy(), null);
    const route = await routing.route(chain.app.environmentId);
    await expect
      .poll(() => routing.acknowledgement(chain.app.environmentId, route!.id), SOON)
      .toEqual({ alive: 1, pending: [] });
    expect(router.ports()).toEqual([20_001]);
  });

  it('tells what is in flight at an instance that is out of the route, and that nothing is any more', async () => {
    const chain = await farmOn(inject('redisUrl'));
    const { environmentId } = chain.app;
    const first = { id: 'ins_1aaaaaa', environmentId } as const;
    const router = await RouterWithoutVisitors.start(chain.store);
    await router.join(chain.store);
    await chain.walk(await chain.deploy(), null);
    await expect.poll(() => router.ports(), SOON).toEqual([20_001]);
    const target = router.targets.choose(router.targets.site(HOST)!)!;
    target.enter();
    await chain.walk(await chain.deploy(), null);
    await expect.poll(() => chain.store.routing.inFlight(first), SOON).toEqual({ count: 1, unsure: false });
    target.leave();
    await expect.poll(() => chain.store.routing.inFlight(first)).toEqual({ count: 0, unsure: false });
  });

  it.each(['', 'no JSON', '{"v":1}', '{"v":7,"table":{}}'])('starts beside a file that holds %j', async (text) => {
    await writeFile(path, text);
    const chain = await farmOn(inject('redisUrl'));
    await chain.walk(await chain.deploy(), null);
    const router = await RouterWithoutVisitors.start(chain.store);
    expect(router.ports()).toEqual([20_001]);
    expect(await tableFile(path).read()).toMatchObject({ table: { routes: [{ hosts: [HOST] }] } });
  });

  it('takes Redis’ word over a file that was changed without its version', async () => {
    const chain = await farmOn(inject('redisUrl'));
    await chain.walk(await chain.deploy(), null);
    const table = await chain.store.routing.table();
    const other = { ...table, endpoints: table.endpoints.map((endpoint) => ({ ...endpoint, port: 29_999 })) };
    await tableFile(path).write({ table: other, inherited: EMPTY_TABLE });
    expect((await RouterWithoutVisitors.start(chain.store)).ports()).toEqual([20_001]);
  });

  it('serves the farm’s app where the file of another farm names the same host', async () => {
    const theirs = await farmOn(inject('redisUrl'));
    await theirs.walk(await theirs.deploy(), null);
    await (await RouterWithoutVisitors.start(theirs.store)).source.stop();
    const ours = await farmOn(inject('redisUrl'));
    await ours.walk(await ours.deploy(), null);
    const router = await RouterWithoutVisitors.start(ours.store);
    expect(router.targets.site(HOST)?.environmentId).toBe(ours.app.environmentId);
    expect(router.ports()).toEqual([20_001]);
  });
});

describe('without Redis', () => {
  it('starts from disk within seconds, and follows Redis when that comes', async () => {
    const redis = await privateRedis();
    const chain = await farmOn(redis.url);
    await chain.walk(await chain.deploy(), null);
    await (await RouterWithoutVisitors.start(chain.store)).source.stop();
    await redis.kill();
    const startedAt = performance.now();
    const router = await RouterWithoutVisitors.start(await lateStore(redis.url, chain.prefix));
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(router.ports()).toEqual([20_001]);
    await redis.restart();
    await expect.poll(() => router.lines, SOON).toContain('Redis answers again');
    await chain.store.routing.removeEndpoint('ins_1aaaaaa');
    await expect.poll(() => router.ports(), SOON).toEqual([]);
  });

  it('starts with nothing where there is no file, and says that it has no table', async () => {
    const redis = await privateRedis();
    await redis.kill();
    const router = await RouterWithoutVisitors.start(await lateStore(redis.url, 'late'));
    expect(router.source.hasTable).toBe(false);
    expect(router.ports()).toBeNull();
  });

  it('goes on with what it has while Redis is down, says so once, and follows again when it is back', async () => {
    const redis = await privateRedis();
    const chain = await farmOn(redis.url);
    await chain.walk(await chain.deploy(), null);
    const router = await RouterWithoutVisitors.start(chain.store);
    await redis.kill();
    await expect.poll(() => router.lines, SOON).toContainEqual(expect.stringContaining('Redis does not answer'));
    for (let tries = 0; tries < 5; tries++) router.source.poke();
    expect(router.ports()).toEqual([20_001]);
    await redis.restart();
    await expect.poll(() => router.lines, SOON).toContain('Redis answers again');
    await chain.store.routing.removeEndpoint('ins_1aaaaaa');
    await expect.poll(() => router.ports(), SOON).toEqual([]);
    expect(router.lines.filter((line) => line.includes('does not answer'))).toHaveLength(1);
  });
});

describe('when Redis has lost its records', () => {
  it('goes on serving what was served, also when the new records grow, and after a start of its own', async () => {
    const redis = await privateRedis();
    const chain = await farmOn(redis.url);
    await chain.walk(await chain.deploy(), null);
    const router = await RouterWithoutVisitors.start(chain.store);
    await loseRecords(redis);
    await expect.poll(() => router.lines, SOON).toContainEqual(expect.stringContaining('without its records'));
    expect(router.ports()).toEqual([20_001]);

    await chain.store.routing.putEndpoint(await otherAppsEndpoint(chain, 20_009));
    await expect.poll(async () => (await tableFile(path).read())?.table.endpoints.length, SOON).toBe(1);
    const again = await RouterWithoutVisitors.start(chain.store);
    expect(again.ports()).toEqual([20_001]);
    expect(router.ports()).toEqual([20_001]);
  });

  it('stops sending visitors to an address that another app’s instance has now', async () => {
    const redis = await privateRedis();
    const chain = await farmOn(redis.url);
    await chain.walk(await chain.deploy(), null);
    const router = await RouterWithoutVisitors.start(chain.store);
    await loseRecords(redis);
    await expect.poll(() => router.lines, SOON).toContainEqual(expect.stringContaining('without its records'));
    await chain.store.routing.putEndpoint(await otherAppsEndpoint(chain, 20_001));
    await expect.poll(() => router.ports(), SOON).toEqual([]);
  });
});

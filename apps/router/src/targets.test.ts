import type { Endpoint } from '@switchyard/domain';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EMPTY_TABLE, indexTable } from './table.ts';
import type { Target } from './target.ts';
import { Targets } from './targets.ts';

const HOST = 'app.localhost';
let targets: Targets;
let drained: number;

beforeEach(() => {
  drained = 0;
  targets = new Targets(
    () => 0,
    { connectMs: 1_000, idleMs: 1_000 },
    () => {
      drained += 1;
    },
  );
});

afterEach(async () => {
  await targets.close();
});

/** A table whose only app is served by these instances: ids with their ports. */
function use(instances: Readonly<Record<string, number>>): void {
  const endpoints = Object.entries(instances).map(
    ([id, port]): Endpoint => ({
      instanceId: `ins_${id}`,
      environmentId: 'env_app000',
      deploymentId: 'dep_app001',
      host: '127.0.0.1',
      port,
      ready: true,
    }),
  );
  const weights = [{ releaseId: 'rel_app001', deploymentId: 'dep_app001', weight: 100 } as const];
  const route = {
    v: 1,
    id: 'route_app000',
    environmentId: 'env_app000',
    appId: 'app_app000',
    appName: 'app',
    hosts: [HOST],
    owner: 1,
    weights,
    at: 0,
  } as const;
  targets.use(indexTable({ ...EMPTY_TABLE, routes: [{ ...route, hosts: [HOST], weights }], endpoints }));
}

const serving = (): Target[] => targets.site(HOST)?.shares.flatMap((share) => share.targets) ?? [];
const draining = (): Record<string, number> => Object.fromEntries(targets.draining);

it('an instance that stays in the table keeps its connections', () => {
  use({ aaaaaa: 20_001 });
  const [before] = serving();
  use({ aaaaaa: 20_001, bbbbbb: 20_002 });
  expect(serving()[0]).toBe(before);
});

it('one that leaves with nothing in flight is drained at once', () => {
  use({ aaaaaa: 20_001 });
  use({});
  expect(drained).toBe(1);
  expect(draining()).toEqual({});
});

it('one that leaves with requests in flight is drained with the last of them', () => {
  use({ aaaaaa: 20_001 });
  const [target] = serving();
  target!.enter();
  target!.enter();
  use({});
  expect(draining()).toEqual({ ins_aaaaaa: 2 });
  target!.leave();
  expect(draining()).toEqual({ ins_aaaaaa: 1 });
  expect(drained).toBe(0);
  target!.leave();
  expect(drained).toBe(1);
  expect(draining()).toEqual({});
});

it('one that comes back before it was drained goes on as it was, and is not drained', () => {
  use({ aaaaaa: 20_001 });
  const [target] = serving();
  target!.enter();
  use({});
  use({ aaaaaa: 20_001 });
  expect(serving()).toEqual([target]);
  expect(draining()).toEqual({});
  target!.leave();
  expect(drained).toBe(0);
  target!.enter();
  use({});
  expect(draining()).toEqual({ ins_aaaaaa: 1 });
});

it('one that comes back after it was drained gets new connections', () => {
  use({ aaaaaa: 20_001 });
  const [before] = serving();
  use({});
  use({ aaaaaa: 20_001 });
  expect(serving()[0]).not.toBe(before);
});

it('one that moves from address to address counts what is in flight at each that it left', () => {
  const old: Target[] = [];
  for (const port of [20_001, 20_002, 20_003]) {
    use({ aaaaaa: port });
    old.push(...serving());
    serving()[0]!.enter();
  }
  expect(draining()).toEqual({ ins_aaaaaa: 2 });
  expect(serving()[0]!.inFlight).toBe(1);
  for (const target of old.slice(0, 2)) target.leave();
  expect(draining()).toEqual({});
  expect(drained).toBe(2);
});

it('what waits for a change hears of it at once, or after its time', async () => {
  const change = targets.changed(60_000);
  use({});
  await expect(change).resolves.toBeUndefined();
  await expect(targets.changed(1)).resolves.toBeUndefined();
});

it('a closed one lets nobody wait', async () => {
  const change = targets.changed(60_000);
  await targets.close();
  await expect(change).resolves.toBeUndefined();
});

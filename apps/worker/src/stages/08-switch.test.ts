import { LIMITS } from '@switchyard/domain';
import { systemClock, systemIds } from '@switchyard/service';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { StageUnderTest } from '../testing/stage-under-test.ts';
import { switchTraffic } from './08-switch.ts';

const ROUTER = systemIds('proc');

let stage: StageUnderTest;
let membership: { leave(): Promise<void> };

beforeEach(async () => {
  stage = await StageUnderTest.begin(inject('redisUrl'), 'switch');
  const { store, context } = stage;
  const { deployment, environment, hostId } = context;
  const { id: instanceId } = await stage.desireInstance();
  const endpoint = { instanceId, environmentId: environment.id, deploymentId: deployment.id };
  await store.routing.putEndpoint({ ...endpoint, host: '127.0.0.1', port: 20_001, ready: true });
  membership = await store.processes.join({
    id: ROUTER,
    kind: 'router',
    hostId,
    pid: process.pid,
    version: '0',
    metrics: null,
    startedAt: systemClock(),
  });
});

afterEach(async () => {
  await membership.leave();
  await stage.close();
});

const route = () => stage.store.routing.route(stage.context.environment.id);

it('says so when the router serves the new version', async () => {
  const running = switchTraffic(stage.context);
  await expect.poll(route).not.toBeNull();
  const current = await route();
  if (current === null) throw new Error('no route');
  const routes = new Map([[current.environmentId, current.id]]);
  await stage.store.routing.acknowledge(ROUTER, { routes, inFlight: new Map() });
  expect(await running).toMatchObject({ kind: 'succeeded', note: 'The router serves the new version.' });
});

it('waits no longer for a route that is gone meanwhile, and leaves no router out', async () => {
  const since = performance.now();
  const running = switchTraffic(stage.context);
  await expect.poll(route).not.toBeNull();
  await stage.store.apps.remove(stage.context.app.id);
  const outcome = await running;
  expect(performance.now() - since).toBeLessThan(LIMITS.routeAckTimeoutMs / 2);
  expect(outcome).toMatchObject({ kind: 'succeeded', note: expect.stringContaining('moved on') });
  expect((await stage.store.processes.alive('router')).map(({ id }) => id)).toEqual([ROUTER]);
  expect(stage.said.join('\n')).not.toContain('Live:');
});

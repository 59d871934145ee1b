import { LIMITS, type OneOff } from '@switchyard/domain';
import { systemClock, systemIds } from '@switchyard/service';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { StageUnderTest } from '../testing/stage-under-test.ts';
import { cleanup } from './09-cleanup.ts';

let stage: StageUnderTest;

beforeEach(async () => {
  stage = await StageUnderTest.begin(inject('redisUrl'), 'cleanup');
});

afterEach(async () => {
  await stage.close();
});

const wanted = () => stage.store.instances.ofEnvironment(stage.context.environment.id);

it('takes away what no route sends visitors to', async () => {
  await stage.desireInstance();
  expect(await cleanup(stage.context)).toMatchObject({ kind: 'succeeded' });
  expect(await wanted()).toEqual([]);
});

it('forgets the migration, whichever host it ran on', async () => {
  const { oneOffs } = stage.store;
  const instance = await stage.desireInstance();
  const { v, farmId, epoch, teamId, appId, environmentId, deploymentId, snapshot, runtime, root } = instance;
  const hostId = systemIds('host');
  const ran: OneOff = {
    v,
    farmId,
    epoch,
    teamId,
    appId,
    environmentId,
    deploymentId,
    snapshot,
    runtime,
    root,
    hostId,
    id: systemIds('run'),
    command: 'migrate',
    persist: [],
    env: {},
    timeLimitMs: 1_000,
    limits: LIMITS.buildResources,
    state: 'wanted',
    exit: null,
    endRequestedAt: null,
    createdAt: systemClock(),
    startedAt: null,
    endedAt: null,
  };
  await oneOffs.desire(stage.lease, ran);
  await oneOffs.advance({ ...ran, state: 'exited', endedAt: systemClock() });
  await cleanup(stage.context);
  expect(await oneOffs.ofHost(hostId)).toEqual([]);
  expect(await oneOffs.get(ran.id)).toBeNull();
});

it('whose lease is another’s drains and withdraws nothing', async () => {
  const { id } = await stage.desireInstance();
  await stage.loseLease();
  await expect(cleanup(stage.context)).rejects.toMatchObject({ reason: 'lost' });
  expect(await wanted()).toMatchObject([{ id, mode: 'run' }]);
});

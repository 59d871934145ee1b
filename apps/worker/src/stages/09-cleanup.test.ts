import { type DeploymentId, type InstanceId, LIMITS, type OneOff, type StepName } from '@switchyard/domain';
import type { Lease } from '@switchyard/queue';
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

/** Restarts the app, and makes the restart live. */
async function restart(): Promise<InstanceId> {
  const { store, context } = stage;
  const { appId, environmentId } = context.deployment;
  const [release] = await store.releases.list(environmentId);
  if (release === undefined) throw new Error('there is no release');
  const { id } = await store.chain.accept({
    appId,
    environmentId,
    trigger: 'restart',
    what: { kind: 'restart', release },
  });
  const health = await leaseOf(id, 'health');
  const [template] = await wanted();
  if (template === undefined) throw new Error('there is no instance');
  const instance = { ...template, id: systemIds('ins'), deploymentId: id, mode: 'run', drainUntil: null } as const;
  await store.instances.desire(health, [instance]);
  await store.routing.putEndpoint({
    instanceId: instance.id,
    environmentId,
    deploymentId: id,
    host: '127.0.0.1',
    port: 20_001,
    ready: true,
  });
  await store.chain.finish(health, { kind: 'succeeded' });
  const lease = await leaseOf(id, 'switch');
  expect(await store.chain.moveRoute(lease, { releaseId: release.id, minReady: 1 })).toMatchObject({ answer: 'moved' });
  await store.chain.finish(lease, { kind: 'succeeded' });
  return instance.id;
}

async function leaseOf(deploymentId: DeploymentId, step: StepName): Promise<Lease> {
  const begun = await stage.store.chain.begin({ deploymentId, step }, { processId: 'proc_workertwo' });
  if (begun.answer !== 'run') throw new Error(`${step}: ${begun.answer}`);
  return begun.lease;
}

it('takes away a restart that was live and is no more, though its number is higher', async () => {
  await stage.desireInstance();
  const replaced = await restart();
  const live = await restart();
  await cleanup({ ...stage.context, deployment: { ...stage.context.deployment, outcome: 'succeeded' } });
  const left = await wanted();
  expect(left.filter(({ mode }) => mode === 'run')).toMatchObject([{ id: live }]);
  expect(left.map(({ id }) => id)).not.toContain(replaced);
});

it('whose lease is another’s drains and withdraws nothing', async () => {
  const { id } = await stage.desireInstance();
  await stage.loseLease();
  await expect(cleanup(stage.context)).rejects.toMatchObject({ reason: 'lost' });
  expect(await wanted()).toMatchObject([{ id, mode: 'run' }]);
});

import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { StageUnderTest } from '../testing/stage-under-test.ts';
import { health } from './07-health.ts';

let stage: StageUnderTest;

beforeEach(async () => {
  stage = await StageUnderTest.begin(inject('redisUrl'), 'health');
});

afterEach(async () => {
  await stage.close();
});

const wanted = () => stage.store.instances.ofDeployment(stage.lease.deploymentId);

it('that is cancelled leaves no instance wanted', async () => {
  const running = health(stage.context);
  await expect.poll(wanted).toHaveLength(1);
  stage.stop('cancel');
  await expect(running).rejects.toMatchObject({ reason: 'cancel' });
  expect(await wanted()).toEqual([]);
});

it('whose worker was frozen past its lease leaves the instance to its successor', async () => {
  const running = health(stage.context);
  await expect.poll(wanted).toHaveLength(1);
  await stage.loseLease();
  // The first it hears when it wakes up is that its time is over.
  stage.stop('time-limit');
  await expect(running).rejects.toMatchObject({ reason: 'lost' });
  expect(await wanted()).toHaveLength(1);
});

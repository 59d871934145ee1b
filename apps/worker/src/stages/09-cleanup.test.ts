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

it('whose lease is another’s drains and withdraws nothing', async () => {
  const { id } = await stage.desireInstance();
  await stage.loseLease();
  await expect(cleanup(stage.context)).rejects.toMatchObject({ reason: 'lost' });
  expect(await wanted()).toMatchObject([{ id, mode: 'run' }]);
});

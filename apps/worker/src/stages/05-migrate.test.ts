import { type OneOff, type OneOffId } from '@switchyard/domain';
import { systemClock } from '@switchyard/service';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { StageUnderTest } from '../testing/stage-under-test.ts';
import { migrate } from './05-migrate.ts';

const ADVICE = expect.stringMatching(/`switchyard resume shop` \(POST \/v1\/environments\/env_\w+\/release\)/);

let stage: StageUnderTest;

beforeEach(async () => {
  stage = await StageUnderTest.begin(inject('redisUrl'), 'migrate');
});

afterEach(async () => {
  await stage.close();
});

async function only(): Promise<OneOff | null> {
  const all = await stage.store.oneOffs.ofHost(stage.context.hostId);
  return all[0] ?? null;
}

async function wanted(): Promise<OneOff> {
  await expect.poll(only).not.toBeNull();
  const oneOff = await only();
  if (oneOff === null) throw new Error('it has gone again');
  return oneOff;
}

async function runs(oneOff: OneOff): Promise<void> {
  await stage.store.oneOffs.advance({ ...oneOff, state: 'running', startedAt: systemClock() });
}

async function ends(oneOff: OneOff, exit: { code: number | null; timedOut?: boolean }): Promise<void> {
  await stage.store.oneOffs.advance({
    ...oneOff,
    state: 'exited',
    endedAt: systemClock(),
    exit: { code: exit.code, signal: null, timedOut: exit.timedOut ?? false, memory: null },
  });
}

/** Stops the stage between its look at the command and what it does about what it saw. */
function stopAtNextLook(reason: 'stopping' | 'lost'): typeof stage.context {
  const { oneOffs } = stage.store;
  const get = async (id: OneOffId): Promise<OneOff | null> => {
    const found = await oneOffs.get(id);
    stage.stop(reason);
    return found;
  };
  return { ...stage.context, records: { ...stage.store, oneOffs: { ...oneOffs, get } } };
}

it.each(['stopping', 'lost'] as const)('a worker that leaves (%s) withdraws nothing', async (reason) => {
  await expect(migrate(stopAtNextLook(reason))).rejects.toMatchObject({ reason });
  expect(await only()).toMatchObject({ state: 'wanted' });
});

it('a cancel withdraws what has not started', async () => {
  const running = migrate(stage.context);
  await wanted();
  stage.stop('cancel');
  await expect(running).rejects.toMatchObject({ reason: 'cancel' });
  expect(await only()).toMatchObject({ state: 'cancelled' });
});

it('a worker whose lease is another’s withdraws nothing, although it was to cancel', async () => {
  const running = migrate(stage.context);
  await wanted();
  await stage.loseLease();
  stage.stop('cancel');
  await expect(running).rejects.toMatchObject({ reason: 'lost' });
  expect(await only()).toMatchObject({ state: 'wanted' });
});

it('what was withdrawn although nobody asked for an end is started anew', async () => {
  const running = migrate(stage.context);
  const first = await wanted();
  expect(await stage.store.oneOffs.withdraw(first.id)).toBe('cancelled');
  await expect.poll(async () => (await only())?.id).not.toBe(first.id);
  const second = await wanted();
  await runs(second);
  await ends(second, { code: 0 });
  expect(await running).toMatchObject({ kind: 'succeeded' });
});

it('that ends well after the stage’s time has succeeded', async () => {
  const running = migrate(stage.context);
  const oneOff = await wanted();
  await runs(oneOff);
  stage.stop('time-limit');
  await expect.poll(() => stage.said.join('\n')).toContain('waiting for its end');
  await ends(oneOff, { code: 0 });
  expect(await running).toMatchObject({ kind: 'succeeded' });
});

it('that the runner had to end has timed out', async () => {
  const running = migrate(stage.context);
  const oneOff = await wanted();
  await runs(oneOff);
  await ends(oneOff, { code: null, timedOut: true });
  await expect(running).rejects.toMatchObject({ reason: 'time-limit', hold: { advice: ADVICE } });
});

it.each([
  ['was ended by force', true],
  ['was lost by its host', false],
])('that %s has an outcome that nobody knows, and says how the hold is lifted', async (_, isForced) => {
  const running = migrate(stage.context);
  const oneOff = await wanted();
  await runs(oneOff);
  if (isForced) await stage.store.chain.cancel(oneOff.deploymentId, { force: true });
  await stage.store.oneOffs.advance({ ...oneOff, state: 'unknown', endedAt: systemClock() });
  const outcome = await running;
  expect(outcome).toMatchObject({ kind: 'failed', hold: expect.stringContaining('#1') });
  expect(outcome).toMatchObject({ hold: expect.stringContaining(isForced ? 'ended by force' : 'its host lost it') });
  expect(outcome).toMatchObject({ error: { code: 'migration-outcome-unknown', message: ADVICE } });
});

it('that ends well after a cancel is cancelled', async () => {
  const running = migrate(stage.context);
  const oneOff = await wanted();
  await runs(oneOff);
  stage.stop('cancel');
  await ends(oneOff, { code: 0 });
  await expect(running).rejects.toMatchObject({ reason: 'cancel' });
});

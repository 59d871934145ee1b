import { systemClock } from '@switchyard/service';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { FarmUnderTest } from './testing/farm-under-test.ts';

let farm: FarmUnderTest;

beforeEach(async () => {
  farm = await FarmUnderTest.open(inject('redisUrl'));
});

afterEach(async () => {
  await farm.close();
});

const SOON = { timeout: 30_000, interval: 20 };

describe('a one-off', () => {
  const stateOf = async (id: `run_${string}`) => (await farm.store.oneOffs.get(id))?.state;

  it.each([
    { command: 'true', code: 0 },
    { command: 'exit 4', code: 4 },
  ])('`$command` runs once and its exit is written down', async ({ command, code }) => {
    await farm.startRunner();
    const { id } = await farm.desireOneOff(command);
    await expect.poll(() => stateOf(id), SOON).toBe('exited');
    expect(await farm.store.oneOffs.get(id)).toMatchObject({ exit: { code, signal: null, timedOut: false } });
  });

  it.each([
    ['exits well when it is told to end', 'process.exit(0)'],
    ['does not heed it', ''],
  ])(
    'that %s is ended by force when that is asked for, and its outcome is unknown',
    { timeout: 60_000 },
    async (_, act) => {
      await farm.startRunner();
      const command = `node -e "process.on('SIGTERM', () => { ${act} }); console.log('ready'); setInterval(() => {}, 1000)"`;
      const { id, deploymentId } = await farm.desireOneOff(command);
      const output = async () => (await farm.platform.runner.readOutput(id, 0, 100)).bytes.toString();
      await expect.poll(() => output().catch(() => ''), SOON).toBe('ready\n');
      await farm.store.chain.cancel(deploymentId, { force: true });
      await expect.poll(() => stateOf(id), SOON).toBe('unknown');
      expect((await farm.platform.runner.list()).find((one) => one.id === id)?.state).not.toBe('running');
    },
  );

  it('is ended by the runner that comes after one that was dead when its end was asked for', {
    timeout: 60_000,
  }, async () => {
    await farm.startRunner();
    const { id, deploymentId } = await farm.desireOneOff('sleep 1000');
    await expect.poll(() => stateOf(id), SOON).toBe('running');
    await farm.stopRunner();
    await farm.store.chain.cancel(deploymentId, { force: true });
    await farm.startRunner();
    await expect.poll(() => stateOf(id), SOON).toBe('unknown');
    expect((await farm.platform.runner.list()).find((one) => one.id === id)?.state).not.toBe('running');
  });

  it('that is to end before it began is not begun', async () => {
    const { id, deploymentId } = await farm.desireOneOff('echo ran');
    await farm.store.chain.cancel(deploymentId, { force: true });
    await farm.startRunner();
    await farm.stopRunner();
    expect(await stateOf(id)).toBe('wanted');
    expect(await farm.platform.runner.list()).toEqual([]);
    expect(await farm.store.oneOffs.withdraw(id)).toBe('cancelled');
  });

  it('goes on without a runner, and the next one reads its end', async () => {
    await farm.startRunner();
    const { id } = await farm.desireOneOff('sleep 1; exit 5');
    await expect.poll(() => stateOf(id), SOON).toBe('running');
    await farm.stopRunner();
    await expect
      .poll(async () => (await farm.platform.runner.list()).map(({ state }) => state), SOON)
      .toEqual(['exited']);
    expect(await stateOf(id)).toBe('running');
    await farm.startRunner();
    await expect.poll(() => farm.store.oneOffs.get(id), SOON).toMatchObject({ state: 'exited', exit: { code: 5 } });
  });

  it.each([
    { when: 'just now', agoMs: 0 },
    { when: 'a while ago', agoMs: 60_000 },
  ])('whose runner was killed before it began ($when) runs once', async ({ agoMs }) => {
    const oneOff = await farm.desireOneOff('echo ran');
    await farm.leaveHalfMade(oneOff, agoMs);
    await farm.startRunner();
    await expect.poll(() => stateOf(oneOff.id), SOON).toBe('exited');
    expect(await farm.store.oneOffs.get(oneOff.id)).toMatchObject({ exit: { code: 0 } });
    expect((await farm.platform.runner.readOutput(oneOff.id, 0, 100)).bytes.toString()).toBe('ran\n');
  });

  it('that is withdrawn while its tree is made ready never begins', async () => {
    const oneOff = await farm.desireOneOff('echo ran');
    const { command, timeLimitMs, ...base } = oneOff;
    const start = farm.platform.runner.startOneOff({ ...base, command, timeLimitMs, labels: {} }, async () => {
      await farm.store.oneOffs.withdraw(oneOff.id);
      if (!(await farm.store.oneOffs.advance({ ...oneOff, state: 'running' }))) throw new Error('withdrawn');
    });
    await expect(start).rejects.toThrow('withdrawn');
    expect(await farm.platform.runner.list()).toEqual([]);
    expect(await stateOf(oneOff.id)).toBe('cancelled');
  });

  it('whose end nobody saw has an unknown one', async () => {
    await farm.startRunner();
    const { id } = await farm.desireOneOff('sleep 600');
    await expect.poll(async () => (await farm.platform.runner.list())[0]?.state, SOON).toBe('running');
    const [{ pid } = { pid: null }] = await farm.platform.runner.list();
    if (pid === null) throw new Error('nothing runs');
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => stateOf(id), SOON).toBe('unknown');
  });

  it('that this host lost has an unknown end, and is not run again', async () => {
    const oneOff = await farm.desireOneOff('true');
    await farm.store.oneOffs.advance({ ...oneOff, state: 'running', startedAt: systemClock() });
    await farm.startRunner();
    await expect.poll(() => stateOf(oneOff.id), SOON).toBe('unknown');
    expect(await farm.platform.runner.list()).toEqual([]);
  });

  it('that was withdrawn before it started does not run', async () => {
    const { id } = await farm.desireOneOff('true');
    expect(await farm.store.oneOffs.withdraw(id)).toBe('cancelled');
    await farm.startRunner();
    // Ends only when whatever it has begun is through.
    await farm.stopRunner();
    expect(await stateOf(id)).toBe('cancelled');
    expect(await farm.platform.runner.list()).toEqual([]);
  });

  it('is ended at its time limit, and said to be', async () => {
    await farm.startRunner();
    const { id } = await farm.desireOneOff('sleep 600', { timeLimitMs: 500 });
    await expect
      .poll(() => farm.store.oneOffs.get(id), SOON)
      .toMatchObject({ state: 'exited', exit: { timedOut: true } });
  });

  it('is removed when its record is', async () => {
    await farm.startRunner();
    const { id } = await farm.desireOneOff('true');
    await expect.poll(() => stateOf(id), SOON).toBe('exited');
    expect(await farm.platform.runner.list()).toHaveLength(1);
    await farm.store.oneOffs.remove(id);
    await expect.poll(() => farm.platform.runner.list(), SOON).toEqual([]);
  });
});

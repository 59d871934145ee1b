import { expect } from 'vitest';
import { found, outputOf } from './instance-guarantees.ts';
import type { Guarantees } from './platform-conformance.ts';
import { instanceSpec, snapshotOf } from './subject.ts';
import { oddSeconds, processesWith, stubborn, waitFor } from './waiting.ts';

export const stopGuarantees = {
  async 'stop resolves when every process is gone, hidden ones that ignore SIGTERM included'(subject) {
    const { runner } = subject.platform;
    const seconds = oddSeconds();
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), stubborn(seconds));
    await runner.startInstance(spec);
    await waitFor('it hides', () => processesWith(seconds).length > 1);
    await runner.stop(spec.id, { graceMs: 300 });
    expect(processesWith(seconds)).toEqual([]);
    expect(await found(subject, spec.id)).toMatchObject({ state: 'exited', pid: null });
    await runner.remove(spec.id);
  },

  async 'stop asks first: an instance behind shells has its grace'(subject) {
    const { runner } = subject.platform;
    const app = `process.on('SIGTERM', () => setTimeout(() => { console.log('finished'); process.exit(0); }, 300)); console.log('up'); setInterval(() => {}, 1000);`;
    const snapshot = await snapshotOf(subject.platform, { 'app.js': app });
    const spec = instanceSpec(subject, snapshot, `sh -c 'node app.js; true'; true`);
    await runner.startInstance(spec);
    await waitFor('it is up', async () => (await outputOf(subject, spec.id)).includes('up'));
    await runner.stop(spec.id, { graceMs: 10_000 });
    expect(await outputOf(subject, spec.id)).toContain('finished');
    await runner.remove(spec.id);
  },

  async 'the platform adds nothing to the output of an instance that a signal ended'(subject) {
    const { runner } = subject.platform;
    const app = `console.log('out'); console.error('err'); setInterval(() => {}, 1000);`;
    const snapshot = await snapshotOf(subject.platform, { 'app.js': app });
    // Without `exec` the command's own shell may say how its program ended.
    const spec = instanceSpec(subject, snapshot, 'exec node app.js');
    await runner.startInstance(spec);
    await waitFor('it is up', async () => (await outputOf(subject, spec.id)).includes('err'));
    await runner.stop(spec.id, { graceMs: 10_000 });
    expect((await outputOf(subject, spec.id)).split('\n').toSorted()).toEqual(['', 'err', 'out']);
    await runner.remove(spec.id);
  },

  async 'what is stopped, or was never there, may be stopped and removed again'(subject) {
    const { runner } = subject.platform;
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'sleep 600');
    await runner.stop(spec.id, { graceMs: 100 });
    await runner.remove(spec.id);
    await runner.startInstance(spec);
    await Promise.all([runner.stop(spec.id, { graceMs: 500 }), runner.stop(spec.id, { graceMs: 500 })]);
    await runner.stop(spec.id, { graceMs: 100 });
    await runner.remove(spec.id);
    await runner.remove(spec.id);
    expect(await found(subject, spec.id)).toBeNull();
    expect((await runner.readOutput(spec.id, 0, 10)).bytes).toHaveLength(0);
    expect(await runner.listeningSockets(spec.id)).toEqual([]);
  },

  async 'an id that was removed may be started again'(subject) {
    const { runner } = subject.platform;
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'echo here; sleep 600');
    for (const _ of [1, 2]) {
      await runner.startInstance(spec);
      await waitFor('its output', async () => (await outputOf(subject, spec.id)) === 'here\n');
      await runner.stop(spec.id, { graceMs: 500 });
      await runner.remove(spec.id);
    }
  },

  async 'waiting for a change ends when an instance has ended, and when it is told to'(subject) {
    const { runner } = subject.platform;
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'sleep 1; exit 3');
    await runner.startInstance(spec);
    const never = new AbortController();
    await waitFor('its end is noticed', async () => {
      await runner.waitForChange(never.signal);
      return (await found(subject, spec.id))?.state === 'exited';
    });
    expect(await found(subject, spec.id)).toMatchObject({ exit: { code: 3, signal: null } });
    await runner.remove(spec.id);
    const gate = new AbortController();
    const waited = runner.waitForChange(gate.signal);
    gate.abort();
    await waited;
    await runner.waitForChange(AbortSignal.abort());
  },
} satisfies Guarantees;

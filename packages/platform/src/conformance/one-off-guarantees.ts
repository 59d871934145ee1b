import { SwitchyardError } from '@switchyard/domain';
import { expect } from 'vitest';
import type { FoundProcess, OneOffSpec } from '../platform.ts';
import { found, outputOf } from './instance-guarantees.ts';
import type { Guarantees } from './platform-conformance.ts';
import { oneOffSpec, type Subject, snapshotOf } from './subject.ts';
import { oddSeconds, processesWith, stubborn, waitFor } from './waiting.ts';

/** Runs to its end and is removed. */
async function runOneOff(subject: Subject, spec: OneOffSpec): Promise<{ over: FoundProcess; output: string }> {
  const { runner } = subject.platform;
  await runner.startOneOff(spec);
  try {
    const over = await waitFor(`${spec.id} ends`, async () => {
      const now = await found(subject, spec.id);
      return now?.state === 'exited' ? now : null;
    });
    return { over, output: await outputOf(subject, spec.id) };
  } finally {
    await runner.stop(spec.id, { graceMs: 100 });
    await runner.remove(spec.id);
  }
}

export const oneOffGuarantees = {
  async 'a one-off runs on the snapshot, with its environment, and its exit code is kept'(subject) {
    const snapshot = await snapshotOf(subject.platform, { 'db/schema.sql': 'create table t\n' });
    const { over, output } = await runOneOff(
      subject,
      oneOffSpec(subject, snapshot, 'cat schema.sql; echo $URL; exit 4', { root: 'db', env: { URL: 'a b' } }),
    );
    expect(over).toMatchObject({ exit: { code: 4, signal: null }, timedOut: false, address: null });
    expect(output).toBe('create table t\na b\n');
  },

  async 'a one-off that is started again while it runs, or after it ended, runs once'(subject) {
    const { runner } = subject.platform;
    const snapshot = await snapshotOf(subject.platform, {});
    const spec = oneOffSpec(subject, snapshot, 'echo effect; sleep 0.3');
    await Promise.all([runner.startOneOff(spec), runner.startOneOff(spec)]);
    await waitFor('its end', async () => (await found(subject, spec.id))?.state === 'exited');
    expect(await runner.startOneOff(spec)).toMatchObject({ state: 'exited', exit: { code: 0, signal: null } });
    expect(await outputOf(subject, spec.id)).toBe('effect\n');
    await runner.remove(spec.id);
  },

  async 'a one-off that is refused before it begins has run nothing, leaves nothing, and may be started later'(
    subject,
  ) {
    const { runner } = subject.platform;
    const snapshot = await snapshotOf(subject.platform, {});
    const spec = oneOffSpec(subject, snapshot, 'echo effect');
    const seen: (FoundProcess['state'] | null)[] = [];
    const refuse = async () => {
      seen.push((await found(subject, spec.id))?.state ?? null);
      throw new SwitchyardError('stage-cancelled', 'refused');
    };
    await expect(runner.startOneOff(spec, refuse)).rejects.toThrow('refused');
    expect(seen).not.toContain('running');
    expect(await found(subject, spec.id)).toBeNull();
    expect((await runOneOff(subject, spec)).over.exit).toEqual({ code: 0, signal: null });
  },

  async 'a time limit ends a one-off, and says so'(subject) {
    const seconds = oddSeconds();
    const snapshot = await snapshotOf(subject.platform, {});
    const { over } = await runOneOff(subject, oneOffSpec(subject, snapshot, stubborn(seconds), { timeLimitMs: 500 }));
    expect(over.timedOut).toBe(true);
    expect(processesWith(seconds)).toEqual([]);
  },

  async 'what ends within its time limit has not timed out'(subject) {
    const snapshot = await snapshotOf(subject.platform, {});
    const { over } = await runOneOff(subject, oneOffSpec(subject, snapshot, 'exit 0', { timeLimitMs: 10_000 }));
    expect(over).toMatchObject({ timedOut: false, exit: { code: 0, signal: null } });
  },
} satisfies Guarantees;

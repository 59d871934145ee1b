import { LIMITS, type ResourceLimits } from '@switchyard/domain';
import { expect } from 'vitest';
import type { FoundProcess } from '../platform.ts';
import { runAndKill } from './errand.ts';
import { found, outputOf } from './instance-guarantees.ts';
import type { Guarantees } from './platform-conformance.ts';
import { instanceSpec, oneOffSpec, run, type Subject, snapshotOf } from './subject.ts';
import { oddSeconds, processesWith, waitFor } from './waiting.ts';

const MIB = 1024 ** 2;

/** Limits that are far below what a test takes that goes beyond them. */
const small = (wish: Partial<ResourceLimits>): ResourceLimits => ({ ...LIMITS.buildResources, ...wish });

/** Takes memory outside of Node's heap and touches all of it, in steps of 16 MiB, until it has `mebibytes`. Says `done` if it gets there. */
const take = (mebibytes: number) =>
  `node -e 'const kept = []; const next = () => { kept.push(Buffer.alloc(16 * 1024 * 1024, 1)); kept.length * 16 < ${mebibytes} ? setTimeout(next, 40) : setTimeout(() => console.log("done"), 1500); }; next()'`;

/** Opens a file as often as it can, up to 200 times. */
const OPEN_FILES = `node -e 'let n = 0; try { for (; n < 200; n++) require("fs").openSync("/dev/null"); } catch (error) { console.log(error.code); } console.log(n < 200)'`;

const within = (limit: number) => ({ least: limit / 2, most: limit * 1.1 });

async function overOf(subject: Subject, id: FoundProcess['id']): Promise<FoundProcess> {
  return await waitFor(`${id} ends`, async () => {
    const now = await found(subject, id);
    return now?.state === 'exited' ? now : null;
  });
}

/** An instance or one-off that goes beyond its memory. */
async function beyondItsMemory(subject: Subject, start: () => Promise<FoundProcess>): Promise<void> {
  const { runner } = subject.platform;
  const { id } = await start();
  try {
    const over = await overOf(subject, id);
    expect(over).toMatchObject({ outOfMemory: true, exit: { code: null, signal: 'SIGKILL' } });
    expect(await outputOf(subject, id)).not.toContain('done');
    if (over.peakMemoryBytes !== null) {
      const { least, most } = within(160 * MIB);
      expect(over.peakMemoryBytes).toBeGreaterThan(least);
      expect(over.peakMemoryBytes).toBeLessThan(most * 2);
    }
  } finally {
    await runner.stop(id, { graceMs: 100 });
    await runner.remove(id);
  }
}

export const limitGuarantees = {
  async 'a run beyond its memory is ended, says so, and publishes nothing'({ platform }) {
    const publish = 'beyond-its-memory';
    const { answer, output } = await run(platform, [take(640)], { limits: small({ memoryBytes: 160 * MIB }), publish });
    expect(answer).toMatchObject({ end: 'failed', exit: { code: null, signal: 'SIGKILL' }, outOfMemory: true });
    expect(output).not.toContain('done');
    expect(await platform.worker.find(publish)).toBeNull();
  },

  async 'a run within its memory is not out of memory, and its peak is what it took'({ platform }) {
    const { answer, output } = await run(platform, [take(192)], { limits: small({ memoryBytes: 1024 * MIB }) });
    expect(output).toBe('done\n');
    expect(answer).toMatchObject({ end: 'succeeded', outOfMemory: false });
    expect(answer.peakMemoryBytes).toBeGreaterThan(190 * MIB);
    expect(answer.peakMemoryBytes).toBeLessThan(600 * MIB);
  },

  async 'a command that is killed by somebody else is not out of memory'({ platform }) {
    const { answer } = await run(platform, ['kill -9 $$']);
    expect(answer).toMatchObject({ end: 'failed', exit: { signal: 'SIGKILL' }, outOfMemory: false });
  },

  async 'memory counts for all processes of a run together'({ platform }) {
    const { answer } = await run(platform, [`${take(112)} & ${take(112)} & ${take(112)}`, 'wait'], {
      limits: small({ memoryBytes: 200 * MIB }),
    });
    expect(answer.outOfMemory).toBe(true);
  },

  async 'a fork bomb gets no further than its processes, and nothing of it is left'({ platform }) {
    const seconds = oddSeconds();
    const bomb = `i=0; while [ $i -lt 300 ]; do sleep ${seconds} & i=$((i + 1)); done; echo all; wait`;
    // Waits without a fork: there is no room for one.
    const running = run(platform, [`sleep 3 & keep=$!; (${bomb}) 2>/dev/null; echo counted; wait "$keep"`], {
      limits: small({ processes: 40 }),
    });
    // Watched all along: one that was forked is no `sleep` yet.
    let most = 0;
    const watch = setInterval(() => {
      most = Math.max(most, processesWith(`sleep\0${seconds}`).length);
    }, 50);
    const { output } = await running.finally(() => clearInterval(watch));
    expect(output).not.toContain('all');
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(40);
    expect(processesWith(seconds)).toEqual([]);
  },

  async 'a process of a run has no more open files than its limit'({ platform }) {
    const { output } = await run(platform, [OPEN_FILES, 'ulimit -n; ulimit -H -n'], {
      limits: small({ openFiles: 96 }),
    });
    expect(output).toBe('EMFILE\ntrue\n96\n96\n');
  },

  async 'a command that crashes leaves no core file'({ platform }) {
    const { output } = await run(platform, ['ulimit -c']);
    expect(output).toBe('0\n');
  },

  async 'an instance beyond its memory is ended, and says so'(subject) {
    const snapshot = await snapshotOf(subject.platform, {});
    const spec = instanceSpec(subject, snapshot, take(640), { limits: small({ memoryBytes: 160 * MIB }) });
    await beyondItsMemory(subject, () => subject.platform.runner.startInstance(spec));
  },

  async 'a one-off beyond its memory is ended, and says so'(subject) {
    const snapshot = await snapshotOf(subject.platform, {});
    const spec = oneOffSpec(subject, snapshot, take(640), { limits: small({ memoryBytes: 160 * MIB }) });
    await beyondItsMemory(subject, () => subject.platform.runner.startOneOff(spec));
  },

  async 'the limits of an instance hold, and their end is seen, although what started it was killed'(subject) {
    if (subject.options === null) throw new Error('a platform of one process can’t keep this; skip it');
    const snapshot = await snapshotOf(subject.platform, {});
    const command = `sleep 3; ${take(640)}`;
    const spec = instanceSpec(subject, snapshot, command, { limits: small({ memoryBytes: 160 * MIB }) });
    const { announce: _, ...options } = subject.options;
    await beyondItsMemory(subject, async () => {
      await runAndKill({ options, do: 'start', spec });
      return await waitFor('it is found', async () => await found(subject, spec.id));
    });
  },

  async 'an instance has no more open files than its limit'(subject) {
    const snapshot = await snapshotOf(subject.platform, {});
    const spec = instanceSpec(subject, snapshot, OPEN_FILES, { limits: small({ openFiles: 96 }) });
    await subject.platform.runner.startInstance(spec);
    await overOf(subject, spec.id);
    expect(await outputOf(subject, spec.id)).toBe('EMFILE\ntrue\n');
    await subject.platform.runner.remove(spec.id);
  },

  async 'the peak of an instance outlives it until it is removed'(subject) {
    const snapshot = await snapshotOf(subject.platform, {});
    const spec = instanceSpec(subject, snapshot, take(128));
    await subject.platform.runner.startInstance(spec);
    const over = await overOf(subject, spec.id);
    expect(over).toMatchObject({ exit: { code: 0, signal: null }, outOfMemory: false });
    expect(over.peakMemoryBytes).toBeGreaterThan(120 * MIB);
    expect(over.peakMemoryBytes).toBeLessThan(600 * MIB);
    await subject.platform.runner.remove(spec.id);
  },
} satisfies Guarantees;

import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { ResourceLimits } from '@switchyard/domain';
import { describe, expect, test } from 'vitest';
import { platformConformance } from '../conformance/platform-conformance.ts';
import { attempt, instanceSpec, oneOffSpec, run, type Subject, unique } from '../conformance/subject.ts';
import type { Exit, MemorySeen, RunRequest } from '../platform.ts';
import { type FakePlatformOptions, openFakePlatform } from './fake-platform.ts';
import type { FakeStart } from './fake-runner.ts';
import type { FakeCommandResult } from './fake-worker.ts';

const forever = new Promise<void>(() => {});

const sleep = (ms: number, signal: AbortSignal) =>
  ms === Number.POSITIVE_INFINITY ? forever : pause(ms, undefined, { signal }).catch(() => {});

const MIB = 1024 ** 2;
/** Node itself. */
const BASE_BYTES = 48 * MIB;

/** What the suite's takers of memory do under a limit; null for other commands. */
function taken(
  text: string,
  { memoryBytes }: ResourceLimits,
): { memory: MemorySeen; exit: Exit; output: string } | null {
  const takers = [...text.matchAll(/kept\.length \* 16 < (\d+)/g)].map(
    ([, mebibytes]) => Number(mebibytes) * MIB + BASE_BYTES,
  );
  if (takers.length === 0) return null;
  const bytes = takers.reduce((sum, one) => sum + one, 0);
  const outOfMemory = bytes > memoryBytes;
  return {
    memory: { peakMemoryBytes: Math.min(bytes, memoryBytes), outOfMemory },
    exit: outOfMemory ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null },
    output: outOfMemory ? '' : 'done\n',
  };
}

/** What the suite's commands do, as far as their effect can be told instead of had. */
function command(text: string, { limits }: RunRequest): FakeCommandResult {
  const taker = taken(text, limits);
  if (taker !== null) return taker;
  if (text === 'exit 7') return { exit: { code: 7, signal: null } };
  if (text === 'kill -9 $$') return { exit: { code: null, signal: 'SIGKILL' } };
  const [, word] = /^echo (\w+)$/.exec(text) ?? [];
  if (word !== undefined) return { output: `${word}\n` };
  if (text.includes('echo hiding')) return { output: 'hiding\n', until: forever };
  const [, first] = /^echo (\w+); sleep 600$/.exec(text) ?? [];
  return first === undefined ? {} : { output: `${first}\n`, until: forever };
}

function started(text: string, limits: ResourceLimits): FakeStart {
  const taker = taken(text, limits);
  if (taker !== null) return { ...taker, end: { exit: taker.exit, afterMs: 10 } };
  if (text === 'echo out; echo err >&2; exit 9')
    return { output: 'out\nerr\n', end: { exit: { code: 9, signal: null }, afterMs: 10 } };
  if (text === 'printf 0123456789; sleep 600') return { output: '0123456789' };
  if (text === 'echo here; sleep 600') return { output: 'here\n' };
  if (text === 'sleep 1; exit 3') return { end: { exit: { code: 3, signal: null }, afterMs: 50 } };
  if (text.startsWith('cat schema.sql'))
    return { output: 'create table t\na b\n', end: { exit: { code: 4, signal: null }, afterMs: 10 } };
  if (text === 'echo effect; sleep 0.3')
    return { output: 'effect\n', end: { exit: { code: 0, signal: null }, afterMs: 30 } };
  return text.includes('hiding') ? { end: { exit: null, afterMs: Number.POSITIVE_INFINITY }, onTerm: 'ignored' } : {};
}

function options(): FakePlatformOptions {
  return {
    farmId: `farm_${unique()}`,
    hostId: 'host_fake00',
    clock: () => Date.now(),
    sleep,
    needsHostPorts: false,
    worker: { command, directory: (path) => readdirSync(path, { recursive: true }).map(String) },
    runner: {
      start: (spec) =>
        started(
          'command' in spec ? spec.command : spec.start.kind === 'command' ? spec.start.command : '',
          spec.limits,
        ),
    },
  };
}

async function openSubject(
  wish: Partial<FakePlatformOptions> = {},
): Promise<Subject & { platform: ReturnType<typeof openFakePlatform> }> {
  const all = { ...options(), ...wish };
  const platform = openFakePlatform(all);
  return { platform, farmId: all.farmId, options: null, close: () => platform.close() };
}

const NOTHING_RUNS = 'nothing is executed';
const STRICT = 'two contents under one name are refused as a mistake';
const ONE_PROCESS = 'it lives in one process';

platformConformance('fake', openSubject, {
  skip: {
    'what is kept is shared by an environment’s instances and one-offs, outlives them, and is no other’s': NOTHING_RUNS,
    'a link of the repository on the way to what is kept leads nobody out of the tree': NOTHING_RUNS,
    'an imported directory keeps modes and links, and leaves its .git behind': NOTHING_RUNS,
    'a name that is published twice keeps its first content': STRICT,
    'two runs that publish one name at once both answer with the winner’s snapshot': STRICT,
    'what a run does to its tree leaves the snapshots that it was given as they were': NOTHING_RUNS,
    'commands run in turn, each in the root inside the tree': NOTHING_RUNS,
    'the tree that the commands leave is what is published': NOTHING_RUNS,
    'a later layer lies over an earlier one': NOTHING_RUNS,
    'a layer shows only what it is asked to show, and what it lacks is no error': NOTHING_RUNS,
    'stdout and stderr arrive in the order in which they were written': NOTHING_RUNS,
    'a large output is whole': NOTHING_RUNS,
    'the environment is what was asked for, and nothing of the calling process': NOTHING_RUNS,
    'HOME and TMPDIR are there, writable, and empty of other runs': NOTHING_RUNS,
    'Node is there, and no terminal and no input are': NOTHING_RUNS,
    'the limits of an instance hold, and their end is seen, although what started it was killed': ONE_PROCESS,
    'a fork bomb gets no further than its processes, and nothing of it is left': NOTHING_RUNS,
    'a process of a run has no more open files than its limit': NOTHING_RUNS,
    'a command that crashes leaves no core file': NOTHING_RUNS,
    'an instance has no more open files than its limit': NOTHING_RUNS,
    'a command that ends leaves nothing behind, and what holds its output does not delay its end': NOTHING_RUNS,
    'nothing of a run outlives the process that called it': ONE_PROCESS,
    'an abort asks first: a command may clean up': NOTHING_RUNS,
    'discarding a deployment’s earlier attempts ends them, and leaves later ones and others alone': NOTHING_RUNS,
    'an instance answers at its address, with its environment': NOTHING_RUNS,
    'an id that is started again answers with what runs, and starts nothing': NOTHING_RUNS,
    'an instance outlives the process that started it, and goes on with its output': ONE_PROCESS,
    'its listening sockets are its own, and nobody else’s': NOTHING_RUNS,
    'an instance that listens on another port than it was told is seen there': NOTHING_RUNS,
    'what an instance writes does not reach the release or another instance of it': NOTHING_RUNS,
    'a static site is served without a start command': NOTHING_RUNS,
    'a variable’s value is in no argument list of an instance': NOTHING_RUNS,
    'stop resolves when every process is gone, hidden ones that ignore SIGTERM included': NOTHING_RUNS,
    'stop asks first: an instance behind shells has its grace': NOTHING_RUNS,
    'the platform adds nothing to the output of an instance that a signal ended': NOTHING_RUNS,
  },
});

describe('the fake throws on misuse', () => {
  const layer = async ({ platform }: Subject) => ({
    snapshot: await platform.worker.importTree({ attempt: attempt(), directory: '/', publish: `tree-${unique()}` }),
  });
  const strict = () => openSubject({ worker: { command, directory: () => [] }, needsHostPorts: true });

  test('a name that is published with other content', async () => {
    const { platform } = await strict();
    await run(platform, ['echo one'], { publish: 'same' });
    await run(platform, ['echo one'], { publish: 'same' });
    await expect(run(platform, ['echo two'], { publish: 'same' })).rejects.toThrow(/other content/);
  });

  test('an id that is started with another spec', async () => {
    const subject = await strict();
    const { snapshot } = await layer(subject);
    const spec = instanceSpec(subject, snapshot, 'run', { port: 20_000 });
    await subject.platform.runner.startInstance(spec);
    await expect(subject.platform.runner.startInstance({ ...spec, env: { MORE: '1' } })).rejects.toThrow(
      /another spec/,
    );
    const oneOff = oneOffSpec(subject, snapshot, 'one');
    await subject.platform.runner.startOneOff(oneOff);
    await expect(subject.platform.runner.startOneOff({ ...oneOff, command: 'two' })).rejects.toThrow(/another spec/);
  });

  test('a port that is told to two running instances', async () => {
    const subject = await strict();
    const { snapshot } = await layer(subject);
    const first = instanceSpec(subject, snapshot, 'run', { port: 20_000 });
    await subject.platform.runner.startInstance(first);
    const second = instanceSpec(subject, snapshot, 'run', { port: 20_000 });
    await expect(subject.platform.runner.startInstance(second)).rejects.toThrow(/port 20000/);
    await subject.platform.runner.stop(first.id, { graceMs: 0 });
    await subject.platform.runner.startInstance(second);
  });

  test('an attempt that goes on after it was discarded', async () => {
    const { platform } = await strict();
    const late = attempt(1);
    await platform.worker.discardAttempts(late.deploymentId, 2);
    await expect(run(platform, ['echo x'], { attempt: late })).rejects.toThrow(/discarded/);
  });

  test('a running instance that is removed', async () => {
    const subject = await strict();
    const spec = instanceSpec(subject, (await layer(subject)).snapshot, 'run');
    await subject.platform.runner.startInstance(spec);
    await expect(subject.platform.runner.remove(spec.id)).rejects.toThrow(/running/);
  });

  test('discarding ends a run of an earlier attempt, which answers aborted', async () => {
    const { platform } = await strict();
    const mine = attempt(1);
    const going = run(platform, ['echo up; sleep 600'], { attempt: mine });
    await platform.worker.discardAttempts(mine.deploymentId, 2);
    expect((await going).answer).toMatchObject({ end: 'aborted' });
    expect(platform.worker.began).toHaveLength(1);
  });
});

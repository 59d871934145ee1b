import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { found, outputOf } from '../conformance/instance-guarantees.ts';
import { openLocalSubject } from '../conformance/local-subject.ts';
import { attempt, instanceSpec, oneOffSpec, run, type Subject, snapshotOf, unique } from '../conformance/subject.ts';
import { oddSeconds, processesWith, waitFor } from '../conformance/waiting.ts';
import { openPlatform } from '../open-platform.ts';
import { findProgram } from './guard.ts';
import { openLocalPlatform } from './local-platform.ts';

let subject: Subject;
beforeEach(async () => {
  subject = await openLocalSubject(openPlatform);
});
afterEach(async () => {
  await subject.close();
});

const dataDir = () => subject.options?.dataDir ?? '';

async function textsBelow(directory: string): Promise<string> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  return (await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))).join('\n');
}

describe('what the data directory keeps', () => {
  test('no variable of a run or an instance is written to disk', async () => {
    const secret = `canary${unique()}`;
    await run(subject.platform, ['true'], { env: { SECRET: secret }, publish: `tree-${unique()}` });
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'echo up; sleep 600', {
      env: { SECRET: secret },
    });
    await subject.platform.runner.startInstance(spec);
    await waitFor('it is up', async () => (await outputOf(subject, spec.id)) === 'up\n');
    expect(await textsBelow(dataDir())).not.toContain(secret);
  });

  test('a run leaves no workspace, a removed instance no directory', async () => {
    await run(subject.platform, ['exit 1']);
    await run(subject.platform, ['true']);
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'true');
    await subject.platform.runner.startInstance(spec);
    await subject.platform.runner.stop(spec.id, { graceMs: 100 });
    await subject.platform.runner.remove(spec.id);
    expect(await readdir(join(dataDir(), 'workspaces'))).toEqual([]);
    expect(await readdir(join(dataDir(), 'instances'))).toEqual([]);
  });
});

test('what could not be found out about the host at first is found out later', async () => {
  if (subject.options === null) throw new Error('no options');
  let asked = 0;
  const platform = await openLocalPlatform(subject.options, {
    chooseOverlays: async () => {
      asked += 1;
      if (asked === 1) throw new Error('no space left');
      return { refused: 'as the test wants it' };
    },
  });
  await expect(platform.check()).rejects.toThrow('no space left');
  await platform.check();
  expect(asked).toBe(2);
  await platform.close();
});

test('a snapshot whose manifest was lost with the power is made anew, and hides no other', async () => {
  const { worker } = subject.platform;
  const broken = await snapshotOf(subject.platform, { a: 'a' });
  const whole = await snapshotOf(subject.platform, { b: 'b' });
  await writeFile(join(dataDir(), 'snapshots', broken.key, 'manifest.json'), '');
  expect((await worker.listSnapshots()).map(({ key }) => key)).toEqual([whole.key]);
  expect(await worker.find(broken.key)).toBeNull();
  expect(await worker.find(whole.key)).toEqual(whole);
  const { answer } = await run(subject.platform, ['echo again >a'], { publish: broken.key });
  expect(answer.end).toBe('succeeded');
  expect(await worker.exists(broken, 'a')).toBe(true);
});

test('what is kept lies in the environment’s own directory, whatever an app has made of it before', async () => {
  const outside = await mkdtemp(join(tmpdir(), 'outside-'));
  await mkdir(join(outside, 'inner'));
  const { uid } = await stat(join(outside, 'inner'));
  const snapshot = await snapshotOf(subject.platform, { file: 'x' });
  const first = instanceSpec(subject, snapshot, `ln -s ${outside} data/out; echo end; sleep 600`, {
    persist: ['data'],
  });
  const { runner } = subject.platform;
  await runner.startInstance(first);
  await waitFor('it has made its link', async () => (await outputOf(subject, first.id)) === 'end\n');
  await runner.stop(first.id, { graceMs: 100 });
  await runner.remove(first.id);
  for (const path of ['data/out', 'data/out/inner', 'data/out/new/er']) {
    const { environmentId } = first;
    const next = instanceSpec(subject, snapshot, 'sleep 600', { environmentId, persist: [path] });
    await expect(runner.startInstance(next)).rejects.toMatchObject({ code: 'invalid-settings' });
  }
  expect(await readdir(outside)).toEqual(['inner']);
  expect((await stat(join(outside, 'inner'))).uid).toBe(uid);
  await rm(outside, { recursive: true });
});

describe('what a runner finds again', () => {
  test('an instance whose shim was killed is over, all of it, and nobody knows how', async () => {
    const seconds = oddSeconds();
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), `sleep ${seconds}`);
    const { pid } = await subject.platform.runner.startInstance(spec);
    await waitFor('it runs', () => processesWith(`sleep\0${seconds}`).length > 0);
    process.kill(pid ?? 0, 'SIGKILL');
    await subject.platform.runner.waitForChange(new AbortController().signal);
    expect(await found(subject, spec.id)).toMatchObject({ state: 'exited', exit: null });
    await waitFor('all of it is gone', () => processesWith(seconds).length === 0);
  });

  test('what ran before the machine was restarted is over', async () => {
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'sleep 600');
    await subject.platform.runner.startInstance(spec);
    const file = join(dataDir(), 'instances', spec.id, 'spec.json');
    const written = await readFile(file, 'utf8');
    await writeFile(file, written.replace(/"bootId":"[^"]*"/, '"bootId":"another"'));
    if (subject.options === null) throw new Error('no options');
    const later = await openPlatform(subject.options);
    expect(await later.runner.list()).toMatchObject([{ id: spec.id, state: 'exited', exit: null }]);
    await later.close();
    await writeFile(file, written);
    await subject.platform.runner.stop(spec.id, { graceMs: 100 });
  });

  test('a start that a killed runner did not finish is begun anew', async () => {
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'echo up; sleep 600');
    await mkdir(join(dataDir(), 'instances', spec.id, 'app'), { recursive: true });
    expect(await found(subject, spec.id)).toBeNull();
    expect(await subject.platform.runner.startInstance(spec)).toMatchObject({ state: 'running' });
    await waitFor('it is up', async () => (await outputOf(subject, spec.id)) === 'up\n');
  });

  test('another farm’s instances are not listed', async () => {
    const spec = instanceSpec(subject, await snapshotOf(subject.platform, {}), 'sleep 600');
    await subject.platform.runner.startInstance(spec);
    if (subject.options === null) throw new Error('no options');
    const other = await openPlatform({ ...subject.options, farmId: 'farm_another' });
    expect(await other.runner.list()).toEqual([]);
    await other.close();
  });
});

const program = (name: string) => findProgram(name) ?? name;

test('a one-off that ends when it is asked to does not wait for the rest of its grace', async () => {
  const { runner } = subject.platform;
  const spec = oneOffSpec(subject, await snapshotOf(subject.platform, {}), 'sleep 600', { timeLimitMs: 200 });
  await runner.startOneOff(spec);
  await waitFor('its end', async () => (await found(subject, spec.id))?.state === 'exited');
  const at = async (name: string) => (await stat(join(dataDir(), 'oneoffs', spec.id, name))).mtimeMs;
  expect((await at('exit')) - (await at('timed-out'))).toBeLessThan(LIMITS.commandGraceMs - 300);
});

function mayMount(): boolean {
  try {
    execFileSync(program('unshare'), ['--mount', 'true'], { stdio: 'ignore' });
    return process.platform === 'linux' && process.getuid?.() === 0;
  } catch {
    return false;
  }
}

test.runIf(mayMount())('a full disk is disk-full, and leaves nothing half made', async () => {
  const small = await mkdtemp(join(tmpdir(), 'small-'));
  const large = await mkdtemp(join(tmpdir(), 'large-'));
  await writeFile(join(large, 'file'), Buffer.alloc(4 * 1024 * 1024, 'x'));
  execFileSync(program('mount'), ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
  try {
    if (subject.options === null) throw new Error('no options');
    const platform = await openPlatform({ ...subject.options, dataDir: small });
    const full = platform.worker.importTree({ attempt: attempt(), directory: large, publish: 'too-large' });
    await expect(full).rejects.toMatchObject({ code: 'disk-full' });
    expect(await readdir(join(small, 'workspaces'))).toEqual([]);
    expect(await platform.worker.find('too-large')).toBeNull();
    await platform.close();
  } finally {
    execFileSync(program('umount'), [small]);
    await rm(small, { recursive: true });
    await rm(large, { recursive: true });
  }
});

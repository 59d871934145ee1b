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

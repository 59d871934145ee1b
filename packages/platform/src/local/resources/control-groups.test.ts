import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { LIMITS } from '@switchyard/domain';
import { afterEach, describe, expect, test } from 'vitest';
import { unique } from '../../conformance/subject.ts';
import { oddSeconds, processesWith, waitFor } from '../../conformance/waiting.ts';
import type { ResourceControl } from './enclosure.ts';
import { findResourceControl, weaknessOf } from './find-control.ts';
import { attemptEnclosure, removeAttempts, sweepEnclosures } from './sweep-enclosures.ts';

const farm = `farm_${unique()}`;
const control = await findResourceControl(farm);
const asCommand = (seconds: string) =>
  processesWith(`sleep\0${seconds}`).filter((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n');

const enclose = (name: string, by: ResourceControl = control) =>
  by.enclose(name, LIMITS.buildResources, { whole: true });

/** Something of it runs, and nobody of ours knows. */
async function leave(name: string, by: ResourceControl = control): Promise<string> {
  const seconds = oddSeconds();
  const { prefix } = await enclose(name, by);
  const [program = '', ...args] = [...prefix, 'sleep', seconds];
  spawn(program, args, { detached: true, stdio: 'ignore', env: {} }).unref();
  // Before, it has the same arguments behind those that make it enter.
  await waitFor('it has become the command', () => asCommand(seconds).length > 0);
  return seconds;
}

afterEach(async () => {
  for (const name of await control.list()) await control.remove(name);
  await control.close();
});

/** Where this host has none, `local-platform-without-cgroups.test.ts` is what holds. */
describe.runIf(control.mode !== 'rlimits')('control groups', () => {
  test('what is removed is killed first', async () => {
    const seconds = await leave('ins_one');
    await control.remove('ins_one');
    expect(processesWith(seconds)).toEqual([]);
    expect(await control.list()).toEqual([]);
    await control.remove('ins_one');
  });

  test('the command itself is in the group, not only what it starts', async () => {
    const seconds = await leave('ins_two');
    const [pid = 0] = asCommand(seconds);
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`/switchyard/${farm}/ins_two`);
  });

  test('a sweep removes what its makers left, and nothing that is still somebody’s', async () => {
    const mine = attemptEnclosure('dep_a', 'build-1-aaaaaa');
    const dead = mine.replace(/\.\d+-[^.]+$/, '.1-0');
    const left = await leave(dead);
    await enclose(mine);
    await enclose('ins_kept');
    await enclose('run_gone');
    await sweepEnclosures(control, async (id) => id === 'ins_kept');
    expect((await control.list()).toSorted()).toEqual([mine, 'ins_kept'].toSorted());
    expect(processesWith(left)).toEqual([]);
  });

  test('another farm’s are neither listed nor removed', async () => {
    const other = await findResourceControl(`farm_${unique()}`);
    const seconds = await leave('ins_theirs', other);
    expect(await control.list()).toEqual([]);
    await sweepEnclosures(control, async () => false);
    await control.close();
    expect(processesWith(seconds).length).toBeGreaterThan(0);
    await other.remove('ins_theirs');
    await other.close();
  });

  test('an attempt’s successor ends what the attempt has in its groups', async () => {
    const earlier = await leave(attemptEnclosure('dep_b', 'build-1-aaaaaa'));
    const later = await leave(attemptEnclosure('dep_b', 'build-3-aaaaaa'));
    const foreign = await leave(attemptEnclosure('dep_c', 'build-1-aaaaaa'));
    await removeAttempts(control, 'dep_b', 3);
    expect([earlier, later, foreign].map((seconds) => processesWith(seconds).length > 0)).toEqual([false, true, true]);
  });
});

test('a host without control groups says so, in words', () => {
  expect(weaknessOf({ ...control, mode: 'rlimits' })).toContain('Delegate=yes');
  expect(weaknessOf({ ...control, mode: 'cgroup2' })).toBeNull();
});

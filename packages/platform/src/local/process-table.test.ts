import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { waitFor } from '../conformance/waiting.ts';
import { isAlive, membersOf, parseStat, processEntry } from './process-table.ts';

test('a name with spaces and brackets does not shift the fields', () => {
  const fields = [
    'S',
    '7',
    '8',
    '8',
    '0',
    '-1',
    '0',
    '0',
    '0',
    '0',
    '0',
    '0',
    '0',
    '0',
    '0',
    '20',
    '0',
    '1',
    '0',
    '4711',
    '0',
  ];
  expect(parseStat(`42 (a) b (c) ${fields.join(' ')}`)).toEqual({
    pid: 42,
    parent: 7,
    group: 8,
    zombie: false,
    startedAt: '4711',
  });
  expect(parseStat(`42 (a) ${['Z', ...fields.slice(1)].join(' ')}`)?.zombie).toBe(true);
  expect(parseStat('')).toBeNull();
});

test('this process is alive as it is, and not as an earlier holder of its pid', () => {
  const self = processEntry(process.pid);
  expect(isAlive(process.pid, self?.startedAt ?? '')).toBe(true);
  expect(isAlive(process.pid, 'another time')).toBe(false);
});

test.runIf(process.platform === 'linux')('a zombie is not alive', async () => {
  // The shell becomes a program that never waits for its child.
  const parent = spawn('/bin/sh', ['-c', 'sh -c "exit 0" & exec sleep 600'], { stdio: 'ignore' });
  try {
    const zombie = await waitFor('a zombie', () => {
      const [child] = membersOfParent(parent.pid ?? 0);
      return child !== undefined && processEntry(child)?.zombie === true ? child : null;
    });
    expect(isAlive(zombie, processEntry(zombie)?.startedAt ?? '')).toBe(false);
    expect(membersOf(parent.pid ?? 0, 'NO=such')).toEqual([]);
  } finally {
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  }
});

function membersOfParent(parent: number): number[] {
  return Array.from({ length: 200 }, (_, index) => parent + index).filter(
    (pid) => processEntry(pid)?.parent === parent,
  );
}

test('members are the descendants and what carries the variable, not the starter', async () => {
  const mark = `MARK=${process.pid}-${Date.now()}`;
  const [name = '', value = ''] = mark.split('=');
  const child = spawn('/bin/sh', ['-c', 'setsid sleep 600 & sleep 600 & wait'], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], [name]: value },
    detached: true,
  });
  try {
    const members = await waitFor('both', () => {
      const found = membersOf(child.pid ?? 0, mark);
      return found.length === 2 ? found : null;
    });
    expect(members).not.toContain(child.pid);
    // Known by the variable alone, too.
    expect(membersOf(null, mark)).toEqual(expect.arrayContaining(members));
  } finally {
    for (const pid of membersOf(null, mark)) process.kill(pid, 'SIGKILL');
    await once(child, 'exit');
  }
});

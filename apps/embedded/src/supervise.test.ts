import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { type Supervised, supervise } from './supervise.ts';

let supervised: Supervised | undefined;
afterEach(() => supervised?.kill());

function watched(script: string, onDeath: (how: string) => boolean = () => true) {
  const deaths: string[] = [];
  let launches = 0;
  const start = supervise({
    name: 'worker',
    launch: async () => {
      launches += 1;
      return await Promise.resolve(spawn('sh', ['-c', script], { stdio: 'ignore', detached: true }));
    },
    onDeath: (how) => {
      deaths.push(how);
      return onDeath(how);
    },
    onChange: () => undefined,
    onLaunchFailure: () => undefined,
  });
  return { start, deaths, launches: () => launches };
}

test('a process that is killed is started again', async () => {
  const { start, deaths } = watched('exec sleep 60');
  supervised = await start;
  const first = supervised.pid()!;
  process.kill(first, 'SIGKILL');
  await expect.poll(() => supervised?.pid() ?? first).not.toBe(first);
  expect(deaths).toEqual(['SIGKILL']);
});

test('stop ends it for good, by force where it does not end by itself', async () => {
  const { start, deaths, launches } = watched("trap '' TERM; while :; do sleep 0.05; done");
  supervised = await start;
  const pid = supervised.pid()!;
  await supervised.stop(150);
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(deaths).toEqual([]);
  expect(launches()).toBe(1);
});

test('it stays down where its death is final', async () => {
  const { start, deaths, launches } = watched('exit 3', () => false);
  supervised = await start;
  await expect.poll(() => deaths).toEqual(['exit code 3']);
  await supervised.stop(100);
  expect(launches()).toBe(1);
});

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

/**
 * A process, told apart from a later one with the same pid. `birth` is opaque: boot and start time on Linux, the start time elsewhere.
 */
export const ProcessIdentity = z.object({ pid: z.int().positive(), birth: z.string().min(1) });
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

const POLL_MS = 25;
const run = promisify(execFile);

/** The identity of a process that runs now; null where there is none. A zombie counts as none: it runs nothing any more. */
export async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const birth = process.platform === 'linux' ? await birthOnLinux(pid) : await birthByPs(pid);
  return birth === null ? null : { pid, birth };
}

export async function isRunning(known: ProcessIdentity): Promise<boolean> {
  return (await identityOf(known.pid))?.birth === known.birth;
}

/** Ends a process that is not our child: TERM, and KILL after `graceMs`. Resolves when it is gone, at once when it is gone already. */
export async function endProcess(known: ProcessIdentity, graceMs: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!(await isRunning(known))) return;
    try {
      process.kill(known.pid, signal);
    } catch {
      // Gone in between, or another user's: the wait below tells.
    }
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline && (await isRunning(known))) await pause(POLL_MS);
  }
}

async function birthOnLinux(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command's name is in parentheses and may hold anything; state is the first field after it, start time the twentieth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, startTicks] = [fields[0], fields[19]];
    if (state === undefined || startTicks === undefined || state === 'Z' || state === 'X') return null;
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    return `${boot} ${startTicks}`;
  } catch {
    return null;
  }
}

async function birthByPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { env: { LC_ALL: 'C', TZ: 'UTC' } });
    const [, state, start] = /^(\S+)\s+(.+)$/.exec(stdout.trim()) ?? [];
    return state === undefined || start === undefined || state.startsWith('Z') ? null : start;
  } catch {
    return null;
  }
}

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { type CgroupPlace, openCgroupControl } from './cgroup-control.ts';
import { type Controller, type Hierarchy, parseHierarchies, parseOwnGroup } from './cgroup-files.ts';
import type { ResourceControl } from './enclosure.ts';
import { openRlimitControl } from './rlimit-control.ts';

const NEEDED: readonly Controller[] = ['memory', 'pids'];

const controllersOf = (mountPoint: string): string => {
  try {
    return readFileSync(join(mountPoint, 'cgroup.controllers'), 'utf8');
  } catch {
    return '';
  }
};

function runs(argv: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const [program = 'false', ...args] = argv;
    const child = spawn(program, args, { stdio: 'ignore', env: {} });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** Whether a command can be started in a group there: by doing it. */
async function works(control: ResourceControl): Promise<boolean> {
  const name = `probe.${process.pid}`;
  try {
    const { prefix } = await control.enclose(name, LIMITS.buildResources, { whole: true });
    return await runs([...prefix, '/bin/sh', '-c', 'exit 0']);
  } catch {
    return false;
  } finally {
    await control.remove(name).catch(() => {});
  }
}

/**
 * Where groups may be: at the top of what is mounted, which every process of the host finds again whatever group it is in itself, or
 * else below this process's own group, where a service manager has handed that over.
 */
function choices(hierarchies: readonly Hierarchy[], ownGroups: string): CgroupPlace[][] {
  const top = hierarchies.map((hierarchy) => ({ hierarchy, parent: hierarchy.mountPoint }));
  const own = hierarchies.map((hierarchy) => ({
    hierarchy,
    parent: join(hierarchy.mountPoint, parseOwnGroup(ownGroups, hierarchy) ?? '.'),
  }));
  return [top, own];
}

/** Finds out what this host allows, by trying. */
export async function findResourceControl(farmId: string): Promise<ResourceControl> {
  if (process.platform !== 'linux') return openRlimitControl();
  try {
    const hierarchies = parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8'), controllersOf);
    const named = hierarchies.flatMap(({ controllers }) => controllers);
    if (!NEEDED.every((name) => named.includes(name))) return openRlimitControl();
    for (const places of choices(hierarchies, await readFile('/proc/self/cgroup', 'utf8'))) {
      const control = openCgroupControl(farmId, places);
      if (await works(control)) return control;
      await control.close().catch(() => {});
    }
  } catch {
    // A host without /proc, or with one that can't be read.
  }
  return openRlimitControl();
}

/** What is weaker than wanted, for people; null where nothing is. */
export function weaknessOf({ mode }: ResourceControl): string | null {
  if (mode !== 'rlimits') return null;
  return `Control groups can't be used here: a command's or app's memory and processes are looked at every ${LIMITS.memoryLookMs} ms by the process that started it, and it is killed beyond its limit; its processor time is not limited. Run as root, or as a systemd service with Delegate=yes, to have the kernel do it.`;
}

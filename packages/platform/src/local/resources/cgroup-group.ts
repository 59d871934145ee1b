import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from '../disk.ts';
import { send } from '../process-table.ts';

const REMOVE_LIMIT_MS = 5_000;
const LOOK_EVERY_MS = 5;

/** The text of a group's file; null where there is none. */
export async function readGroupFile(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // ENODEV: the group went while it was read.
    if (isErrno(error, 'ENOENT', 'ENODEV', 'ENOTDIR')) return null;
    throw error;
  }
}

/** Ids of the processes directly in a group. */
export async function processesIn(group: string): Promise<number[]> {
  const text = await readGroupFile(join(group, 'cgroup.procs'));
  // 0: a process of a pid namespace that this one can't see.
  return (text ?? '')
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

export async function groupsIn(group: string): Promise<string[]> {
  try {
    const entries = await readdir(group, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

/** Makes a group and those above it up to `top`, which exists. Another process may take an empty one away meanwhile. */
export async function makeGroup(path: string): Promise<void> {
  for (let tries = 3; ; tries -= 1) {
    try {
      await mkdir(path, { recursive: true });
      return;
    } catch (error) {
      if (tries === 0 || !isErrno(error, 'ENOENT')) throw error;
    }
  }
}

async function tryRemove(group: string): Promise<boolean> {
  try {
    await rmdir(group);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return true;
    if (isErrno(error, 'EBUSY', 'ENOTEMPTY')) return false;
    throw error;
  }
}

/** Kills whatever is in a group and below it, and removes it. False: something did not go (a process that the kernel holds). */
export async function removeGroup(group: string): Promise<boolean> {
  for (const deadline = performance.now() + REMOVE_LIMIT_MS; ; ) {
    for (const name of await groupsIn(group)) await removeGroup(join(group, name));
    if (await tryRemove(group)) return true;
    if (performance.now() > deadline) return false;
    for (const pid of await processesIn(group)) send(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Takes empty groups away, from this one upwards, `levels` of them. */
export async function removeEmptyGroups(group: string, levels: number): Promise<void> {
  for (let path = group, left = levels; left > 0 && (await tryRemove(path)); left -= 1) path = dirname(path);
}

export async function writeGroupFile(group: string, file: string, value: string): Promise<void> {
  await writeFile(join(group, file), value, { flag: 'r+' });
}

import { readdir, readFile } from 'node:fs/promises';

/** Processes on this machine whose environment or command line holds `mark`; zombies do not count. Linux. */
export async function processesWith(mark: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      const [environment, command] = await Promise.all([
        readFile(`/proc/${name}/environ`, 'utf8'),
        readFile(`/proc/${name}/cmdline`, 'utf8'),
      ]);
      if (environment.includes(mark) || command.includes(mark))
        found.push({ pid: Number(name), command: command.replaceAll('\0', ' ').trim() });
    } catch {
      // Gone meanwhile.
    }
  }
  return found;
}

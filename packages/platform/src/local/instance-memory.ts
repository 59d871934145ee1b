import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { MemorySeen } from '../platform.ts';
import { isErrno } from './disk.ts';
import type { RunDirectories, RunId, RunState } from './instance-directory.ts';
import { markOf } from './instance-start.ts';
import type { LocalHost } from './local-host.ts';
import { membersOf, send } from './process-table.ts';
import { NOTHING_SEEN } from './resources/enclosure.ts';

const Kept = z.object({ peakMemoryBytes: z.int().nullable(), outOfMemory: z.boolean() });

/** What instances and one-offs take of memory. Where the kernel does not hold them to their limits, this runner does, and keeps what it saw. */
export interface InstanceMemory {
  seen(id: RunId, running: boolean): Promise<MemorySeen>;
  /** From when it is first seen to run, by whichever runner. */
  watch(state: RunState): Promise<void>;
  forget(id: RunId): Promise<void>;
  close(): void;
}

export function openInstanceMemory(host: LocalHost, directories: RunDirectories): InstanceMemory {
  const watched = new Map<RunId, () => void>();
  const fileOf = (id: RunId) => join(directories.pathOf(id), 'memory.json');

  function unwatch(id: RunId): void {
    watched.get(id)?.();
    watched.delete(id);
  }

  async function kept(id: RunId): Promise<MemorySeen> {
    try {
      return Kept.parse(JSON.parse(await readFile(fileOf(id), 'utf8')));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return NOTHING_SEEN;
      throw error;
    }
  }

  return {
    async seen(id, running) {
      const resources = await host.resources();
      const now = await resources.seen(id);
      if (resources.mode !== 'rlimits') return now;
      if (running || !watched.has(id)) return now === NOTHING_SEEN ? await kept(id) : now;
      unwatch(id);
      await writeFile(fileOf(id), JSON.stringify(now));
      return now;
    },
    async watch({ spec, pid }) {
      const resources = await host.resources();
      if (resources.mode !== 'rlimits' || watched.has(spec.id)) return;
      const unwatchIt = resources.watch(spec.id, {
        limits: spec.limits,
        members: () => membersOf(pid, markOf(directories.pathOf(spec.id))),
        kill: (pids) => pids.forEach((one) => send(one, 'SIGKILL')),
      });
      watched.set(spec.id, unwatchIt);
    },
    async forget(id) {
      unwatch(id);
      await (await host.resources()).remove(id);
    },
    close() {
      for (const id of watched.keys()) unwatch(id);
    },
  };
}

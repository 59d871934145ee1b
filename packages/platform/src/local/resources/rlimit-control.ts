import { LIMITS } from '@switchyard/domain';
import type { MemorySeen } from '../../platform.ts';
import { NOTHING_SEEN, type ResourceControl } from './enclosure.ts';
import { entering } from './entering.ts';
import { largestOf, proportionalBytes, residentBytes } from './process-memory.ts';

/**
 * Where there are no control groups. A limit on the address space would end every Node, which reserves far more than it uses, so memory is
 * looked at instead, and so is the number of processes: RLIMIT_NPROC counts all of a user's.
 */
export function openRlimitControl(): ResourceControl {
  const memory = new Map<string, MemorySeen>();
  return {
    mode: 'rlimits',
    async enclose(name, limits) {
      memory.delete(name);
      return { prefix: entering([], limits) };
    },
    async seen(name) {
      return memory.get(name) ?? NOTHING_SEEN;
    },
    watch(name, { limits, members, kill }) {
      const look = () => {
        const pids = members();
        if (pids.length === 0) return;
        const known = memory.get(name) ?? NOTHING_SEEN;
        let bytes = residentBytes(pids);
        if (bytes > Math.min(limits.memoryBytes, (known.peakMemoryBytes ?? 0) * 1.1)) bytes = proportionalBytes(pids);
        const outOfMemory = bytes > limits.memoryBytes;
        memory.set(name, {
          peakMemoryBytes: bytes === 0 ? known.peakMemoryBytes : Math.max(bytes, known.peakMemoryBytes ?? 0),
          outOfMemory: known.outOfMemory || outOfMemory,
        });
        if (pids.length > limits.processes) kill(pids);
        else if (outOfMemory) kill([largestOf(pids)]);
      };
      const timer = setInterval(look, LIMITS.memoryLookMs);
      timer.unref();
      return () => clearInterval(timer);
    },
    async remove(name) {
      memory.delete(name);
    },
    list: async () => [],
    close: async () => {},
  };
}

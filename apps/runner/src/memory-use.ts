import type { MemoryUse, ResourceLimits } from '@switchyard/domain';
import type { FoundProcess } from '@switchyard/platform';

/** What was seen of something's memory, with the limit that it had; null where nothing was. */
export function memoryUse(found: FoundProcess, { memoryBytes }: ResourceLimits): MemoryUse | null {
  const { peakMemoryBytes, outOfMemory } = found;
  return peakMemoryBytes === null && !outOfMemory
    ? null
    : { peakMemoryBytes, outOfMemory, memoryLimitBytes: memoryBytes };
}

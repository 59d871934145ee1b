import { formatBytes, type MemoryUse } from '@switchyard/domain';

/** What the commands of one attempt took of memory: the one that took most tells. */
export class AttemptMemory {
  #most: MemoryUse | null = null;

  get most(): MemoryUse | null {
    return this.#most;
  }

  see(use: MemoryUse): void {
    const most = this.#most;
    if (most === null || (use.peakMemoryBytes ?? 0) > (most.peakMemoryBytes ?? 0)) this.#most = use;
    const outOfMemory = use.outOfMemory || most?.outOfMemory === true;
    if (this.#most !== null) this.#most = { ...this.#most, outOfMemory };
  }
}

/** For the end of a stage's log; null where there is nothing to say. */
export function memoryLine({ peakMemoryBytes, outOfMemory, memoryLimitBytes }: MemoryUse): string | null {
  const limit = formatBytes(memoryLimitBytes);
  const peak = peakMemoryBytes === null ? null : `Peak memory ${formatBytes(peakMemoryBytes)} of ${limit}.`;
  if (!outOfMemory) return peak;
  const killed = `Out of memory: a process was killed at the limit of ${limit}.`;
  return peak === null ? killed : `${killed} ${peak}`;
}

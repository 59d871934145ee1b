import { readFileSync } from 'node:fs';

function fieldKiB(path: string, field: RegExp): number {
  try {
    return Number(field.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
  } catch {
    // Gone, or not to be seen.
    return 0;
  }
}

/** Memory that processes hold, what they share counted for each: an upper bound that costs little. */
export function residentBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + fieldKiB(`/proc/${pid}/status`, /^VmRSS:\s+(\d+)/m) * 1024, 0);
}

/** The same with what they share counted once, for which the kernel walks over all their pages. */
export function proportionalBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + fieldKiB(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m) * 1024, 0);
}

/** Of at least one, the one that holds most, as the kernel would choose. */
export function largestOf(pids: readonly number[]): number {
  const sizes = new Map(pids.map((pid) => [pid, residentBytes([pid])]));
  return pids.reduce((largest, pid) => ((sizes.get(pid) ?? 0) > (sizes.get(largest) ?? 0) ? pid : largest));
}

import type { ResourceLimits } from '@switchyard/domain';
import type { MemorySeen } from '../../platform.ts';

/** What holds one run, instance or one-off to its limits. Any process of the farm on this host finds it again by its name. */
export interface Enclosure {
  /** Words to put before a command: the process enters, and then becomes the command. Nothing of the command runs outside. */
  readonly prefix: readonly string[];
}

export interface Watch {
  readonly limits: ResourceLimits;
  /** Its processes, as they are now. */
  readonly members: () => readonly number[];
  readonly kill: (pids: readonly number[]) => void;
}

/** How this host holds what is started to its limits. */
export interface ResourceControl {
  /**
   * `cgroup2`, `cgroup1`: the kernel holds the limits, whether or not a process of ours lives. `rlimits`: it holds open files alone; memory
   * and processes are looked at every `LIMITS.memoryLookMs` by whoever watches.
   */
  readonly mode: 'cgroup2' | 'cgroup1' | 'rlimits';
  /** Before the start. `whole`: when one process is killed for want of memory, all are, where the kernel can do that. */
  enclose(name: string, limits: ResourceLimits, options: { whole: boolean }): Promise<Enclosure>;
  /** Watches where the kernel does not. Answers how to end that. */
  watch(name: string, watch: Watch): () => void;
  /** What was seen so far; nothing of one that is not there. */
  seen(name: string): Promise<MemorySeen>;
  /** Kills what is left in it and forgets it. Safe to call again. */
  remove(name: string): Promise<void>;
  /** Names of those that are there. */
  list(): Promise<string[]>;
  /** Leaves no empty group behind. */
  close(): Promise<void>;
}

export const NOTHING_SEEN: MemorySeen = { peakMemoryBytes: null, outOfMemory: false };

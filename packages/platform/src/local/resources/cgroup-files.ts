import type { ResourceLimits } from '@switchyard/domain';
import type { MemorySeen } from '../../platform.ts';

export type Controller = 'memory' | 'pids' | 'cpu';
export type CgroupVersion = 1 | 2;

/** A mounted hierarchy of control groups. `root`: what of it is shown at the mount point. */
export interface Hierarchy {
  readonly version: CgroupVersion;
  readonly mountPoint: string;
  readonly controllers: readonly Controller[];
}

const CONTROLLERS: readonly Controller[] = ['memory', 'pids', 'cpu'];

const unescape = (path: string) =>
  path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8)));

/**
 * The hierarchies in `/proc/self/mountinfo`. A controller belongs to one hierarchy: where version 1 has it, the unified one beside it
 * does not list it. `controllersOf` reads `cgroup.controllers` of a unified one.
 */
export function parseHierarchies(mountinfo: string, controllersOf: (mountPoint: string) => string): Hierarchy[] {
  const found: Hierarchy[] = [];
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [kind = '', , options = ''] = after.split(' ');
    const mountPoint = unescape(before.split(' ')[4] ?? '');
    if (kind === 'cgroup') {
      const named = options.split(',');
      const controllers = CONTROLLERS.filter((name) => named.includes(name));
      if (controllers.length > 0) found.push({ version: 1, mountPoint, controllers });
    } else if (kind === 'cgroup2') {
      const named = controllersOf(mountPoint).trim().split(/\s+/);
      const controllers = CONTROLLERS.filter((name) => named.includes(name));
      if (controllers.length > 0) found.push({ version: 2, mountPoint, controllers });
    }
  }
  return found;
}

/** Where a service's own processes are: a group of the unified hierarchy that hands controllers on has none itself. */
export const PROCESSES_GROUP = 'switchyard-processes';

/** The group that this process was given in a hierarchy, from `/proc/self/cgroup`; null where it is outside of what is mounted. */
export function parseOwnGroup(text: string, { version, controllers }: Hierarchy): string | null {
  for (const line of text.split('\n')) {
    const [number = '', names = '', ...rest] = line.split(':');
    const path = rest.join(':');
    const isIt = version === 2 ? number === '0' && names === '' : names.split(',').includes(controllers[0] ?? '');
    if (isIt && path !== '') return path.startsWith('/..') ? null : path.replace(`/${PROCESSES_GROUP}`, '') || '/';
  }
  return null;
}

export interface Setting {
  readonly file: string;
  readonly value: string;
  /** Kernels without it exist (swap accounting that is off), and the limit holds without it. */
  readonly optional: boolean;
}

const PERIOD_US = 100_000;

/** What is written into a group's files, in this order. Swap does not stretch the memory limit. */
export function limitSettings(
  { version, controllers }: Hierarchy,
  limits: ResourceLimits,
  { whole }: { whole: boolean },
): Setting[] {
  const has = (name: Controller) => controllers.includes(name);
  const must = (file: string, value: number | string): Setting => ({ file, value: String(value), optional: false });
  const may = (file: string, value: number | string): Setting => ({ file, value: String(value), optional: true });
  const settings: Setting[] = [];
  if (has('memory'))
    settings.push(
      ...(version === 2
        ? [must('memory.max', limits.memoryBytes), may('memory.swap.max', 0), may('memory.oom.group', whole ? 1 : 0)]
        : [must('memory.limit_in_bytes', limits.memoryBytes), may('memory.memsw.limit_in_bytes', limits.memoryBytes)]),
    );
  if (has('pids')) settings.push(must('pids.max', limits.processes));
  if (has('cpu') && limits.cpus !== null) {
    const quota = Math.round(limits.cpus * PERIOD_US);
    settings.push(
      ...(version === 2
        ? [must('cpu.max', `${quota} ${PERIOD_US}`)]
        : [must('cpu.cfs_period_us', PERIOD_US), must('cpu.cfs_quota_us', quota)]),
    );
  }
  return settings;
}

/** Files that tell what was seen of a group's memory. */
export const MEMORY_FILES: Readonly<Record<CgroupVersion, { readonly peak: string; readonly events: string }>> = {
  1: { peak: 'memory.max_usage_in_bytes', events: 'memory.oom_control' },
  2: { peak: 'memory.peak', events: 'memory.events' },
};

/** Their texts; null for one that this kernel lacks (`memory.peak` came with 5.19). */
export function parseMemorySeen(peak: string | null, events: string | null): MemorySeen {
  const bytes = peak === null ? Number.NaN : Number.parseInt(peak, 10);
  return {
    peakMemoryBytes: Number.isSafeInteger(bytes) ? bytes : null,
    outOfMemory: Number(/^oom_kill (\d+)$/m.exec(events ?? '')?.[1] ?? 0) > 0,
  };
}

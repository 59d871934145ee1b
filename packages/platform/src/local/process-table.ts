import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as the kernel's table shows it. `startedAt` tells two holders of one pid apart; its unit is the host's own. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** A zombie is over: it holds nothing and only waits to be reaped. `kill -0` calls it alive. */
  readonly zombie: boolean;
  readonly startedAt: string;
}

const linux = process.platform === 'linux';

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function link(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Field 2 (the command's name) may hold spaces and brackets, so fields are counted from its end. */
export function parseStat(text: string): ProcessEntry | null {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const startedAt = fields[19];
  if (!Number.isInteger(pid) || state === undefined || startedAt === undefined) return null;
  return { pid, parent: Number(parent), group: Number(group), zombie: state === 'Z' || state === 'X', startedAt };
}

function parsePs(line: string): ProcessEntry | null {
  const [pid, parent, group, state, ...started] = line.trim().split(/\s+/);
  if (pid === undefined || state === undefined) return null;
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    zombie: state.startsWith('Z'),
    startedAt: started.join('-'),
  };
}

const PS_COLUMNS = 'pid=,ppid=,pgid=,state=,lstart=';

function ps(...selection: string[]): ProcessEntry[] {
  try {
    const text = execFileSync('/bin/ps', [...selection, '-o', PS_COLUMNS], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { LC_ALL: 'C' },
    });
    return text.split('\n').flatMap((line) => parsePs(line) ?? []);
  } catch {
    return [];
  }
}

/** One process; null when it is gone (a zombie is still there, and says so). */
export function processEntry(pid: number): ProcessEntry | null {
  if (!linux) return ps('-p', String(pid))[0] ?? null;
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : parseStat(text);
}

/** All processes that this one can see. */
function processTable(): ProcessEntry[] {
  if (!linux) return ps('-A');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processEntry(Number(name)) ?? []);
}

/** Whether the process that had this pid and start time still runs. */
export function isAlive(pid: number, startedAt: string): boolean {
  const entry = processEntry(pid);
  return entry !== null && !entry.zombie && entry.startedAt === startedAt;
}

/** Names the run of the kernel: pids and start times mean nothing in another one. */
export function bootId(): string {
  if (linux) return read('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown';
  try {
    return execFileSync('/usr/sbin/sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' }).replace(/\W+/g, '-');
  } catch {
    return 'unknown';
  }
}

/** `pid:[4026531836]`, or null where there are none or it can't be seen. */
export function pidNamespace(pid: number | 'self'): string | null {
  return link(`/proc/${pid}/ns/pid`);
}

function carries(pid: number, variable: string): boolean {
  const environment = read(`/proc/${pid}/environ`);
  return environment !== null && `\0${environment}`.includes(`\0${variable}\0`);
}

/**
 * The processes that belong to what was started as `starter` (a pid) with `variable` (`NAME=value`, of this start alone) in its
 * environment: its descendants, everything in a pid namespace that one of them made, and what carries the variable although it has left
 * the tree. Without those that only guard: the starter itself, and where there is a namespace, whatever stands outside of it. A
 * namespace's first process comes first: it has to hear of an end before the others are gone.
 */
export function membersOf(starter: number | null, variable: string): number[] {
  const table = processTable().filter(({ zombie, pid }) => !zombie && pid !== process.pid);
  const marked = linux ? table.filter(({ pid }) => carries(pid, variable)).map(({ pid }) => pid) : [];
  const found = withDescendants(table, [...marked, ...(starter === null ? [] : [starter])]);
  const own = pidNamespace('self');
  const namespaces = new Set(
    [...found].map((pid) => pidNamespace(pid)).filter((name) => name !== null && name !== own),
  );
  if (own === null || namespaces.size === 0) return [...found].filter((pid) => pid !== starter);
  const inside = table.filter(({ pid }) => namespaces.has(pidNamespace(pid)));
  const pids = new Set(inside.map(({ pid }) => pid));
  const isFirst = ({ parent }: ProcessEntry) => !pids.has(parent);
  return [...inside.filter(isFirst), ...inside.filter((entry) => !isFirst(entry))].map(({ pid }) => pid);
}

function withDescendants(table: readonly ProcessEntry[], pids: readonly number[]): Set<number> {
  const found = new Set(pids);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const { pid, parent } of table) if (found.has(parent)) found.add(pid);
  }
  return found;
}

/** Sends a signal; a process that is gone is no error. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone already, or never ours to signal; who waits for its end sees which.
  }
}

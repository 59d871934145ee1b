import { describe, expect, it } from 'vitest';
import { type Hierarchy, limitSettings, parseHierarchies, parseMemorySeen, parseOwnGroup } from './cgroup-files.ts';

const GIB = 1024 ** 3;
const LIMITS = { memoryBytes: GIB, cpus: 1.5, processes: 64, openFiles: 100 };
const UNIFIED: Hierarchy = { version: 2, mountPoint: '/sys/fs/cgroup', controllers: ['memory', 'pids', 'cpu'] };
const V1 = (...controllers: Hierarchy['controllers']): Hierarchy => ({ version: 1, mountPoint: '/c', controllers });

const pairs = (hierarchy: Hierarchy, whole = true, limits: typeof LIMITS | { cpus: null } = LIMITS) =>
  limitSettings(hierarchy, { ...LIMITS, ...limits }, { whole }).map(({ file, value }) => `${file}=${value}`);

describe('the hierarchies of a host', () => {
  it('are one where it is unified', () => {
    const line = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
    expect(parseHierarchies(line, () => 'cpuset cpu io memory pids\n')).toEqual([UNIFIED]);
  });

  it('are several with version 1, and a unified one beside them without the controllers is none', () => {
    const text = [
      '31 23 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
      '32 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '33 23 0:29 / /with\\040space rw - cgroup cgroup rw,memory',
      '34 23 0:30 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids',
      '35 23 0:31 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd',
      '36 23 0:5 / /proc rw - proc proc rw',
    ].join('\n');
    expect(parseHierarchies(text, () => 'hugetlb\n')).toEqual([
      { version: 1, mountPoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu'] },
      { version: 1, mountPoint: '/with space', controllers: ['memory'] },
      { version: 1, mountPoint: '/sys/fs/cgroup/pids', controllers: ['pids'] },
    ]);
  });
});

describe('this process’s own group', () => {
  const text = '8:pids:/a\n4:memory:/b:c\n2:cpu,cpuacct:/d\n0::/system.slice/switchyard.service\n';
  it('is looked up by what the hierarchy controls', () => {
    expect(parseOwnGroup(text, UNIFIED)).toBe('/system.slice/switchyard.service');
    expect(parseOwnGroup(text, V1('memory'))).toBe('/b:c');
    expect(parseOwnGroup(text, V1('cpu'))).toBe('/d');
  });
  it('is the service’s for a process that has stepped aside', () => {
    expect(parseOwnGroup('0::/a.service/switchyard-processes\n', UNIFIED)).toBe('/a.service');
    expect(parseOwnGroup('0::/switchyard-processes\n', UNIFIED)).toBe('/');
  });
  it('is none where it lies outside of what is mounted', () => {
    expect(parseOwnGroup('0::/../host\n', UNIFIED)).toBeNull();
  });
});

describe('what is written into a group', () => {
  it('of version 2 ends a command as a whole, an instance’s processes one by one', () => {
    const rest = ['pids.max=64', 'cpu.max=150000 100000'];
    expect(pairs(UNIFIED)).toEqual([`memory.max=${GIB}`, 'memory.swap.max=0', 'memory.oom.group=1', ...rest]);
    expect(pairs(UNIFIED, false)).toEqual([`memory.max=${GIB}`, 'memory.swap.max=0', 'memory.oom.group=0', ...rest]);
  });
  it('of version 1 sets memory before memory and swap together, which may not be less', () => {
    expect(pairs(V1('memory'))).toEqual([`memory.limit_in_bytes=${GIB}`, `memory.memsw.limit_in_bytes=${GIB}`]);
    expect(pairs(V1('cpu'))).toEqual(['cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=150000']);
  });
  it('says nothing of processor time that is not limited', () => {
    expect(pairs(V1('cpu'), true, { cpus: null })).toEqual([]);
  });
});

describe('what was seen of memory', () => {
  it('of version 2', () => {
    const events = 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 1\noom_group_kill 1\n';
    expect(parseMemorySeen('4096\n', events)).toEqual({ peakMemoryBytes: 4096, outOfMemory: true });
    expect(parseMemorySeen(null, 'oom 1\noom_kill 0\n')).toEqual({ peakMemoryBytes: null, outOfMemory: false });
  });
  it('of version 1', () => {
    const events = 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n';
    expect(parseMemorySeen('4096\n', events)).toEqual({ peakMemoryBytes: 4096, outOfMemory: true });
  });
  it('of a group that is gone', () => {
    expect(parseMemorySeen(null, null)).toEqual({ peakMemoryBytes: null, outOfMemory: false });
  });
});

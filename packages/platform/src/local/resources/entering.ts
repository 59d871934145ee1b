import type { ResourceLimits } from '@switchyard/domain';

/**
 * The process that becomes the command: it puts itself into each group (0 is the writer), takes its limits, and is replaced. `$1` open
 * files, `$2` how many groups, the groups, the command.
 */
const ENTER = [
  'files=$1; left=$2; shift 2',
  'while [ "$left" -gt 0 ]; do echo 0 >"$1/cgroup.procs" || exit 125; shift; left=$((left - 1)); done',
  'ulimit -c 0',
  // What is above the host's own limit stays at that.
  'ulimit -n "$files" 2>/dev/null || ulimit -n "$(ulimit -H -n)"',
  'unset files left',
  'exec "$@"',
].join('\n');

export function entering(groups: readonly string[], { openFiles }: Pick<ResourceLimits, 'openFiles'>): string[] {
  return ['/bin/sh', '-c', ENTER, 'switchyard-enter', String(openFiles), String(groups.length), ...groups];
}

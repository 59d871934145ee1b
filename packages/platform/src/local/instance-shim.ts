import { type ChildProcess, spawn } from 'node:child_process';
import { LIMITS } from '@switchyard/domain';
import type { Guard } from './guard.ts';

/**
 * What stands between an instance and the runner, so that the runner may end: a shell in a session of its own. It says who it is (`pid`:
 * pid and start time; linked, so that a second one finds it and gives up), sends output to a file, and writes the exit code to a file
 * (without a process of its own, which a stop would meet; the line's end says that it is whole). The command behind it ends with it, whatever ends it. `$1` directory, `$2` the guard's mode, then the guarded command.
 */
const SHIM = [
  'dir=$1; mode=$2; shift 2',
  'ending=',
  "trap 'ending=1' TERM; trap ':' HUP INT",
  'started() { start=${20}; }',
  'if [ -r "/proc/$$/stat" ]; then read -r line <"/proc/$$/stat"; started ${line##*) }',
  'else start=$(LC_ALL=C ps -o lstart= -p $$ | tr -s " " "-"); fi',
  'echo "$$ $start" >"$dir/pid.$$" && ln "$dir/pid.$$" "$dir/pid" || exit 1',
  '"$@" >>"$dir/output" 2>&1',
  'code=$?',
  'echo "$code" >"$dir/exit"',
  // A polite end gives the rest of the group its grace; whoever asked for it waits for them.
  '[ "$mode" = namespace ] || [ -n "$ending" ] || kill -KILL 0',
].join('\n');

/** `$1` command, `$2` time limit in seconds or nothing, `$3` the file that says it struck, `$4` grace in twentieths of a second. See FIRST_PROCESS. */
const LIMITED_FIRST_PROCESS = [
  '[ "$$" = 1 ] || exit 125',
  'ending=',
  "trap 'ending=1' TERM",
  // It waits only for as long as somebody but itself and pid 1 is there.
  'past() { : >"$3"; kill -TERM 1; kill -TERM -1; n=0',
  'while [ "$n" -lt "$4" ] && kill -0 -1 2>/dev/null; do sleep 0.05; n=$((n + 1)); done; kill -KILL -1 2>/dev/null; }',
  'if [ -n "$2" ]; then ( sleep "$2"; past "$@" ) & fi',
  'sh -c "$1"; code=$?',
  // Without a process of its own, which the other would take for one that is left.
  'if [ -e "$3" ]; then wait; fi',
  'while [ -n "$ending" ] && kill -0 -1 2>/dev/null; do sleep 0.02; done',
  'exit "$code"',
].join('\n');

const LIMITED_GROUP_MEMBER = [
  '[ -z "$2" ] || ( trap "" TERM; sleep "$2"; : >"$3"; kill -TERM 0; sleep $(($4 / 20)); kill -KILL 0 ) &',
  'sh -c "$1"; exit $?',
].join('\n');

export interface ShimRequest {
  readonly guard: Guard;
  /** Where `pid`, `output`, `exit` and `timed-out` go. */
  readonly directory: string;
  readonly workingDirectory: string;
  readonly command: string;
  readonly timeLimitMs: number | null;
  readonly env: Readonly<Record<string, string>>;
}

const seconds = (ms: number) => (ms / 1000).toFixed(3);

function shimArguments({
  guard,
  directory,
  command,
  timeLimitMs,
}: Omit<ShimRequest, 'env' | 'workingDirectory'>): string[] {
  const script = guard.mode === 'namespace' ? LIMITED_FIRST_PROCESS : LIMITED_GROUP_MEMBER;
  const limit = timeLimitMs === null ? '' : seconds(timeLimitMs);
  const guarded = [
    ...guard.prefix,
    '/bin/sh',
    '-c',
    script,
    'sh',
    command,
    limit,
    `${directory}/timed-out`,
    String(LIMITS.commandGraceMs / 50),
  ];
  return ['-c', SHIM, 'switchyard-instance', directory, guard.mode, ...guarded];
}

/** Starts it; it stays when this process goes. The environment travels in memory alone: it may hold secrets. */
export function startShim(request: ShimRequest): ChildProcess {
  const child = spawn('/bin/sh', shimArguments(request), {
    cwd: request.workingDirectory,
    env: { ...request.env },
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  return child;
}

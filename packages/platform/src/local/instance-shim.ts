import { type ChildProcess, spawn } from 'node:child_process';
import { LIMITS } from '@switchyard/domain';
import { carry, commandLine, type Entrance } from './entrance.ts';
import { unannounced } from './first-process.ts';

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
  // See `unannounced`; this shell's own stderr leads nowhere.
  '(exec "$@") >>"$dir/output" 2>&1',
  'code=$?',
  'echo "$code" >"$dir/exit"',
  // A polite end gives the rest of the group its grace; whoever asked for it waits for them.
  '[ "$mode" = namespace ] || [ -n "$ending" ] || kill -KILL 0',
].join('\n');

/** `$1` command, `$2` time limit in seconds or nothing, `$3` the file that says it struck, `$4` grace in twentieths of a second. See `firstProcess`. */
const limitedFirstProcess = (enter: string, line: string) =>
  [
    '[ "$$" = 1 ] || exit 125',
    'ending=',
    "trap 'ending=1' TERM",
    // Kept open from here: what it lies in can't be seen from the command's file system.
    'exec 9<"$5"',
    enter,
    // It waits only for as long as somebody but itself and pid 1 is there.
    'past() { : >"$3"; kill -TERM 1; kill -TERM -1; n=0',
    'while [ "$n" -lt "$4" ] && kill -0 -1 2>/dev/null; do sleep 0.05; n=$((n + 1)); done; kill -KILL -1 2>/dev/null; }',
    'if [ -n "$2" ]; then ( sleep "$2"; past "$@" ) & fi',
    `${unannounced(line)} 9<&-; code=$?`,
    // Without a process of its own, which the other would take for one that is left.
    'if [ -e "$3" ]; then wait; fi',
    'while [ -n "$ending" ] && kill -0 -1 2>/dev/null; do sleep 0.02; done',
    'exit "$code"',
  ].join('\n');

const limitedGroupMember = (line: string) =>
  [
    '[ -z "$2" ] || ( trap "" TERM; sleep "$2"; : >"$3"; kill -TERM 0; sleep $(($4 / 20)); kill -KILL 0 ) &',
    `${unannounced(line)}; exit $?`,
  ].join('\n');

export interface ShimRequest {
  readonly entrance: Entrance;
  /** Where `pid`, `output`, `exit` and `timed-out` go. */
  readonly directory: string;
  readonly command: string;
  readonly timeLimitMs: number | null;
  readonly env: Readonly<Record<string, string>>;
}

const seconds = (ms: number) => (ms / 1000).toFixed(3);

function shimArguments(
  { entrance, directory, command, timeLimitMs }: Omit<ShimRequest, 'env'>,
  unpack: string,
): string[] {
  const { mode, prefix, enter, as } = entrance;
  const line = commandLine(as, unpack);
  const isAlone = mode === 'namespace';
  const limit = timeLimitMs === null ? '' : seconds(timeLimitMs);
  const guarded = [
    ...prefix,
    '/bin/sh',
    '-c',
    isAlone ? limitedFirstProcess(enter, line) : limitedGroupMember(line),
    'sh',
    command,
    limit,
    isAlone ? '/proc/self/fd/9/timed-out' : `${directory}/timed-out`,
    String(LIMITS.commandGraceMs / 50),
    directory,
  ];
  return ['-c', SHIM, 'switchyard-instance', directory, mode, ...guarded];
}

/** Starts it; it stays when this process goes. The environment travels in memory alone: it may hold secrets. */
export function startShim(request: ShimRequest): ChildProcess {
  const { env, unpack } = carry(request.env);
  const child = spawn('/bin/sh', shimArguments(request, unpack), {
    cwd: request.entrance.directory,
    env,
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  return child;
}

import { dirname } from 'node:path/posix';
import { unannounced } from '../local/first-process.ts';
import { KEPT_DOWNLOADS } from '../local/home-directory.ts';
import { PLACES } from './names.ts';

/**
 * First process of a stage's container, as root without a capability. It lives as long as its standard input, which the worker holds:
 * when the worker dies the engine closes it, this ends, and the kernel ends everything in the container. `wait` reaps orphans (a plain
 * `read` would be ended by the first of them: dash catches SIGCHLD whatever it is told).
 */
export const KEEP_UNTIL_DETACHED = 'exec 3<&0; cat <&3 >/dev/null & wait $!';

/** Whether the user has another process. `kill -0 -1` would succeed for root's alone, which it may not signal. */
const OTHERS =
  'others() { for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] || { [ -O "$p" ] && return 0; }; done; return 1; }';

/** Lowered here and not by the engine, which refuses to start a container with a limit above its own. */
const limitOpenFiles = (count: string) => `ulimit -n "${count}" 2>/dev/null; ulimit -c 0`;

/**
 * A command inside a stage's container; `$1` is the command, `$2` its directory, `$3` prepares HOME, `$4` how many open files each of its
 * processes may have. One pipe for both outputs keeps
 * their order. When the command has ended, so does everything it left; on a polite end the others have the grace that is left.
 * `kill -1` reaches every process of this user but the caller, and not the first one, which is root's.
 */
export const RUN_COMMAND = [
  'exec 2>&1 </dev/null',
  limitOpenFiles('$4'),
  'ending=',
  "trap 'ending=1' TERM",
  'eval "$3"',
  'cd "$2" || exit 1',
  'unset OLDPWD',
  `${unannounced('sh -c "$1"')}; code=$?`,
  OTHERS,
  'while [ -n "$ending" ] && others; do sleep 0.02; done',
  'kill -KILL -1 2>/dev/null',
  'exit "$code"',
].join('\n');

/** SIGTERM to all processes of the user. */
export const END_POLITELY = 'kill -TERM -1';

/** Last line of an environment that came whole. */
export const ENVIRONMENT_END = 'switchyard_environment=whole';

/**
 * First process of an instance or one-off; `$1` is its command, `$2` its time limit in seconds (0: none), `$3` the grace after it, `$4`
 * how many open files each process may have. The
 * environment comes over standard input, so that no `docker inspect` shows it; one that is cut short starts nothing. SIGTERM to this
 * process reaches all others, so a plain `docker stop` works as well. Exit codes are the command's own.
 */
export const RUN_PROCESS = [
  'exec 2>&1',
  limitOpenFiles('$4'),
  'switchyard_environment=',
  'eval "$(cat)"',
  '[ "$switchyard_environment" = whole ] || { echo "The environment did not arrive; nothing was started."; exit 125; }',
  'unset switchyard_environment',
  'exec </dev/null',
  'ending=',
  "trap 'ending=1; kill -TERM -1 2>/dev/null' TERM",
  `${unannounced('sh -c "$1"')} &`,
  'main=$!',
  // Survives the SIGTERM that it causes, so that the limit holds without a runner.
  '[ "$2" = 0 ] || { trap "" TERM; sleep "$2"; kill -TERM 1; sleep "$3"; kill -KILL -1; } &',
  // A signal ends `wait` early; the command is over only when it is gone.
  'while :; do wait "$main"; code=$?; kill -0 "$main" 2>/dev/null || break; done',
  'if [ "$2" = 0 ]; then while [ -n "$ending" ] && kill -0 -1 2>/dev/null; do sleep 0.02; done; fi',
  'exit "$code"',
].join('\n');

/** One word for `sh`. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What `RUN_PROCESS` reads. Names that no shell can hold are left out. */
export function environmentScript(env: Readonly<Record<string, string>>): string {
  const lines = Object.entries(env)
    .filter(([name, value]) => VARIABLE.test(name) && !value.includes('\0'))
    .map(([name, value]) => `export ${name}=${quote(value)}`);
  return [...lines, ENVIRONMENT_END, ''].join('\n');
}

/**
 * Downloads below HOME, linked to the volume that is kept. bun's as well: its hard links into the tree become copies, since the volume is
 * another file system.
 */
const KEPT: Readonly<Record<string, string>> = { ...KEPT_DOWNLOADS, '.bun/install/cache': 'bun' };

export const CACHES: readonly string[] = [...Object.values(KEPT), 'pnpm'];

/**
 * Fills the HOME of a stage's commands once. pnpm writes its store's path into `node_modules`, so that is named by its constant path, and
 * it must copy: the store is on another file system than the tree.
 */
export const FILL_HOME = [
  '[ -e "$HOME/.npm" ] || {',
  `mkdir -p ${CACHES.map((name) => `${PLACES.caches}/${name}`).join(' ')}`,
  `mkdir -p ${[...new Set(Object.keys(KEPT).map(dirname)), '.config/pnpm'].map((path) => `"$HOME/${path}"`).join(' ')}`,
  ...Object.entries(KEPT).map(([path, name]) => `ln -s ${PLACES.caches}/${name} "$HOME/${path}"`),
  `printf 'store-dir=${PLACES.caches}/pnpm\\npackage-import-method=clone-or-copy\\n' >"$HOME/.config/pnpm/rc"`,
  `printf 'storeDir: ${PLACES.caches}/pnpm\\npackageImportMethod: clone-or-copy\\n' >"$HOME/.config/pnpm/config.yaml"`,
  '}',
].join('\n');

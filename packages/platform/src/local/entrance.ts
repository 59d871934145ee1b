import type { AppUser } from './app-user.ts';
import type { Guard } from './guard.ts';
import { COMMAND_PATH } from './host-tools.ts';

/** How a command gets to its tree: what stands between this process and `sh -c`. */
export interface Entrance {
  readonly mode: Guard['mode'];
  /** Words before the first process's shell. */
  readonly prefix: readonly string[];
  /** Where that shell starts. */
  readonly directory: string;
  /** Lines that the first process runs before the command; they exit 125 when they fail. */
  readonly enter: string;
  /** Words before the command's own shell. */
  readonly as: readonly string[];
  /** Rejects where the first process could not reach the tree; for a command that has failed. */
  confirm(): Promise<void>;
}

/** One word for `sh`. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** As root: another user for good, with nothing left of root's. */
export function asUser(setpriv: string, { uid }: AppUser): string[] {
  const who = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'];
  return [setpriv, ...who, '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'];
}

const CARRIED = 'SWITCHYARD_ENV_';
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

export interface Carried {
  /** Of the processes before the command. */
  readonly env: Readonly<Record<string, string>>;
  /** Shell lines that make the command's environment of it and become the command, `$0`. */
  readonly unpack: string;
}

/**
 * The processes before a command have more rights than it, and an environment can steer them (`LD_PRELOAD`, `PATH`): so the command's
 * travels under other names, in the environment, where no argument list shows it. HOME keeps its name: processes are found by it.
 */
export function carry(env: Readonly<Record<string, string>>): Carried {
  const names = Object.keys(env).filter((name) => IDENTIFIER.test(name) && name !== 'HOME');
  const isCarried = new Set(names);
  return {
    env: {
      ...Object.fromEntries(
        Object.entries(env).map(([name, value]) => [isCarried.has(name) ? CARRIED + name : name, value]),
      ),
      PATH: COMMAND_PATH,
    },
    unpack: [
      ...names.map((name) => `export ${name}="$${CARRIED}${name}"`),
      ...(names.length === 0 ? [] : [`unset ${names.map((name) => CARRIED + name).join(' ')}`]),
      'exec /bin/sh -c "$0"',
    ].join('\n'),
  };
}

/** The command's shell, as a line of the first process's. The command is `$1`. */
export function commandLine(as: readonly string[], unpack: string): string {
  return `${[...as, '/bin/sh', '-c', unpack].map(quote).join(' ')} "$1"`;
}

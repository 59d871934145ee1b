import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * What stands around a command so that nothing of it is left when it ends.
 *
 * `namespace`: the command is pid 1's child in a pid namespace of its own. The kernel kills all of it when pid 1 ends, when `unshare` is
 * killed, and (by `setpriv --pdeathsig`) when the process that started it ends, however that happens. 4–6 ms.
 *
 * `group`: where namespaces are not allowed. The command leads a process group, which is killed. What leaves the group is found by its
 * environment (Linux), so a command that clears its environment and makes a session of its own can stay behind.
 */
export interface Guard {
  readonly mode: 'namespace' | 'group';
  /** Words to put before a command. It then ends with the process that started it (`namespace` only). */
  readonly prefix: readonly string[];
}

const GROUP: Guard = { mode: 'group', prefix: [] };
const PLACES = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin'];

/** A program's path in the usual places, whatever PATH says. */
export function findProgram(name: string): string | null {
  return PLACES.map((place) => `${place}/${name}`).find((path) => existsSync(path)) ?? null;
}

function succeeds(argv: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const [program, ...args] = argv;
    const child = spawn(program ?? 'false', args, { stdio: 'ignore', env: {} });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** The strongest first. A user namespace is what makes the others possible without being root. */
export function guardCandidates(setpriv: string, unshare: string, root: boolean): Guard[] {
  const plain = [[], ['--mount-proc']];
  // As oneself before as root: a root that can give files to nobody confuses tools.
  const user = ['--map-root-user', '--map-current-user'].flatMap((as) => [
    ['--user', as],
    ['--user', as, '--mount-proc'],
  ]);
  const choices = (root ? [...user, ...plain] : [...plain, ...user]).reverse();
  return choices.map((choice) => ({
    mode: 'namespace',
    prefix: [setpriv, '--pdeathsig', 'KILL', '--', unshare, ...choice, '--pid', '--fork', '--kill-child', '--'],
  }));
}

/** Finds out what this host allows, by trying. */
export async function findGuard(): Promise<Guard> {
  const setpriv = findProgram('setpriv');
  const unshare = findProgram('unshare');
  if (process.platform !== 'linux' || setpriv === null || unshare === null) return GROUP;
  for (const guard of guardCandidates(setpriv, unshare, process.getuid?.() === 0)) {
    if (await succeeds([...guard.prefix, '/bin/sh', '-c', 'kill -0 1'])) return guard;
  }
  return GROUP;
}

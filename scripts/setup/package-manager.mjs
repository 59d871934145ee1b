import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { exitCodeOfSignal, Failure } from '../process/failure.mjs';
import { findProgram } from '../process/find-program.mjs';
import { environment, run, runOrFail } from '../process/run.mjs';
import { say } from './say.mjs';
import { withoutServices } from './without-services.mjs';

const INSTALL_TIMEOUT_MS = 10 * 60_000;
const LISTS = '/var/lib/apt/lists';
const APT = ['-y', '-q', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];

/**
 * Something the system's package manager can install. Names are given where they differ from `name`.
 *
 * @typedef {object} SystemPackage
 * @property {string} name
 * @property {readonly string[]} [debian]
 * @property {string} [brew]
 * @property {string} [dnf]
 * @property {string} [apk]
 * @property {string} [pacman]
 * @property {readonly string[]} [services] what Debian's packages would start, and we do not want running
 */

/** ID and ID_LIKE of the Linux distribution, lower case. */
function distribution() {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    if (!existsSync(file)) continue;
    const fields = Object.fromEntries(
      [...readFileSync(file, 'utf8').matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, key, value]) => [
        key,
        value.toLowerCase(),
      ]),
    );
    return `${fields.ID ?? ''} ${fields.ID_LIKE ?? ''}`.trim().split(/\s+/);
  }
  return [];
}

const isRoot = () => process.getuid?.() === 0;

/** Which package manager this machine has: its install command, and the word by which `SystemPackage` names its packages. */
function packageManager() {
  if (process.platform === 'darwin') return { key: 'brew', command: 'brew install', needsRoot: false };
  const like = distribution();
  const is = (...names) => names.some((name) => like.includes(name));
  if (is('debian', 'ubuntu')) return { key: 'debian', command: 'apt-get install', needsRoot: true };
  if (is('fedora', 'rhel', 'centos')) return { key: 'dnf', command: 'dnf install', needsRoot: true };
  if (is('alpine')) return { key: 'apk', command: 'apk add', needsRoot: true };
  if (is('arch')) return { key: 'pacman', command: 'pacman -S', needsRoot: true };
  return undefined;
}

/**
 * The one command a person can run to get this package here.
 *
 * @param {SystemPackage} wanted
 */
export function installCommand(wanted) {
  const manager = packageManager();
  if (!manager) return `install the package \`${wanted.name}\` with your system's package manager`;
  const names = [wanted[manager.key] ?? wanted.name].flat().join(' ');
  return `${manager.needsRoot && !isRoot() ? 'sudo ' : ''}${manager.command} ${names}`;
}

/**
 * Installs a system package where that can be done without asking anybody: as root on Debian and its kin, with Homebrew on macOS.
 *
 * @param {SystemPackage} wanted
 * @param {string} why
 * @throws {Failure} with the command to run, where it cannot
 */
export async function installSystemPackage(wanted, why) {
  const manager = packageManager();
  const command = installCommand(wanted);
  const unattended = (manager?.key === 'debian' && isRoot()) || (manager?.key === 'brew' && findProgram('brew'));
  if (!unattended) throw new Failure(`${wanted.name} is missing (${why}). Run: ${command}`);
  say(`${wanted.name} is missing (${why}); running \`${command}\``);
  if (manager.key === 'brew') await brewInstall(wanted, command);
  else await aptInstall(wanted, command);
}

async function brewInstall(wanted, command) {
  await runOrFail('brew', ['install', wanted.brew ?? wanted.name], {
    env: environment({ HOMEBREW_NO_AUTO_UPDATE: '1', HOMEBREW_NO_ENV_HINTS: '1' }),
    output: 'capture',
    timeoutMs: INSTALL_TIMEOUT_MS,
    failure: `${wanted.name} could not be installed. Run by hand: ${command}`,
  });
}

async function aptInstall(wanted, command) {
  const env = environment({ DEBIAN_FRONTEND: 'noninteractive' });
  // A signal goes to apt alone, which lets dpkg finish what it is at: a dpkg cut short refuses all further work.
  const options = /** @type {const} */ ({ env, output: 'capture', timeoutMs: INSTALL_TIMEOUT_MS, interrupt: 'child' });
  const apt = (args, failure) => runOrFail('apt-get', args, { ...options, failure });
  const update = () => apt(['update', '-q'], 'apt-get update failed: is the package mirror reachable?');
  const install = ['install', ...APT, ...(wanted.debian ?? [wanted.name])];

  const hasLists = existsSync(LISTS) && readdirSync(LISTS).some((name) => name.includes('_Packages'));
  if (!hasLists) await update();
  await withoutServices(wanted.services ?? [], async () => {
    const first = await run('apt-get', install, options);
    if (first.interrupted) throw new Failure('', exitCodeOfSignal(first.interrupted));
    if (first.code === 0) return;
    if (first.output.includes('dpkg --configure -a')) await runOrFail('dpkg', ['--configure', '-a'], options);
    // Old lists name versions that the mirror has since replaced.
    else if (hasLists) await update();
    await apt(install, `${wanted.name} could not be installed. Run by hand: ${command}`);
  });
}

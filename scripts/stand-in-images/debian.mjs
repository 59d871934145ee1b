/**
 * For machines without an image registry: a Debian base tree made with debootstrap from the packages this machine can reach.
 *
 * It is kept as a tarball in the user's cache (`switchyard/` under XDG_CACHE_HOME or ~/.cache), without anything of this machine in it:
 * certificates are added by the images on top, since they may change from one day to the next.
 */
import { execFile } from 'node:child_process';
import {
  accessSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SUITE = 'bookworm';
const MAX_AGE_MS = 30 * 24 * 60 * 60 * 1000;
const DEBOOTSTRAP_TIMEOUT_MS = 10 * 60_000;

/** What a slim image leaves out, as patterns of tar. */
const LEFT_OUT = [
  './var/cache/apt/*',
  './var/lib/apt/lists/*',
  './var/log/*',
  './usr/share/doc/*',
  './usr/share/man/*',
  './usr/share/locale/*',
  './dev/*',
];

function cachedTree() {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, 'switchyard', `debian-${SUITE}-${process.arch}.tar`);
}

/** The mirror this machine installs its own Debian packages from; null lets debootstrap take its default. */
function hostMirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = [
    '/etc/apt/sources.list',
    ...(existsSync(folder) ? readdirSync(folder).map((f) => join(folder, f)) : []),
  ];
  for (const file of files.filter((name) => /\.(list|sources)$/.test(name) && existsSync(name))) {
    const match = /^(?:URIs:\s*|deb\s+(?:\[[^\]]*\]\s+)?)(https?:\/\/\S+\/debian)\/?(?=\s)/m.exec(
      readFileSync(file, 'utf8'),
    );
    if (match?.[1]) return match[1];
  }
  return null;
}

function checkMachine() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error('making a Debian base image needs root on Linux');
  }
  try {
    accessSync('/usr/sbin/debootstrap');
  } catch {
    throw new Error('`debootstrap` is not installed; on Debian: apt-get install debootstrap');
  }
}

async function makeTree(target) {
  checkMachine();
  mkdirSync(dirname(target), { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-debian-'));
  const root = join(folder, 'root');
  // Beside the target, so that publishing it is one rename: two runs at once cannot see half a file.
  const unfinished = `${target}.${process.pid}`;
  const mirror = hostMirror();
  try {
    const options = ['--variant=minbase', '--include=ca-certificates', SUITE, root, ...(mirror ? [mirror] : [])];
    await run('debootstrap', options, { timeout: DEBOOTSTRAP_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
    await run('tar', ['-C', root, ...LEFT_OUT.map((p) => `--exclude=${p}`), '--numeric-owner', '-cf', unfinished, '.']);
    renameSync(unfinished, target);
  } catch (thrown) {
    const error = /** @type {import('node:child_process').ExecFileException} */ (thrown);
    const output = `${error.stdout ?? ''}\n${error.stderr ?? ''}`.trim().split('\n').slice(-3).join(' | ');
    throw new Error(`debootstrap failed: ${output || error.message}`, { cause: error });
  } finally {
    rmSync(unfinished, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The path of a tarball with a minimal Debian tree; made when there is none, or none younger than 30 days. */
export async function debianTree() {
  const target = cachedTree();
  const fresh = existsSync(target) && Date.now() - statSync(target).mtimeMs < MAX_AGE_MS;
  if (!fresh) await makeTree(target);
  return target;
}

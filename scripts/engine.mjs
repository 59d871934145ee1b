/**
 * A Docker engine for the tests: the one that answers, or one that is started for as long as they run.
 *
 * The engine that is started keeps its images in its usual place, so a second run finds them; its socket and its pid file are the
 * usual ones too, so there is never more than one engine on a machine.
 *
 * As a program: `node scripts/engine.mjs` starts an engine, says where it is, and keeps it until it is interrupted.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const PING_TIMEOUT_MS = 2_000;
const POLL_MS = 50;

/** Where a client should look: what the environment says, else the usual socket. */
function engineHost(environment = process.env) {
  return environment.DOCKER_HOST || DEFAULT_HOST;
}

/** Request options for an engine address (`unix://`, `tcp://` or `http://`); null where the form is another one (`ssh://`, a named pipe). */
function addressOf(host) {
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  const match = /^(?:tcp|http):\/\/([^:/]+|\[[^\]]+\]):(\d+)\/?$/.exec(host);
  return match ? { host: match[1].replace(/^\[|\]$/g, ''), port: Number(match[2]) } : null;
}

/** The API version of the engine that answers at this address, or null when none does. */
export function ping(host = engineHost()) {
  const address = addressOf(host);
  if (!address) return Promise.resolve(null);
  return new Promise((resolve) => {
    const probe = request({ ...address, path: '/_ping', timeout: PING_TIMEOUT_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? String(answer.headers['api-version'] ?? 'unknown') : null);
    });
    probe.on('timeout', () => probe.destroy());
    probe.on('error', () => resolve(null));
    probe.end();
  });
}

/** The full path of a program, or null. */
function which(program) {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    // A killed engine whose parent never waited for it is a zombie: it is listed, and it is over.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Polls a condition until it holds a value other than null or false; null when the time is up. */
async function until(condition, timeoutMs) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await condition();
    if (value !== null && value !== false) return value;
    if (Date.now() > end) return null;
    await pause(POLL_MS);
  }
}

/** The reason an engine gave up, in one line and with what to do where that is known. */
function explain(log) {
  const fatal =
    log
      .split('\n')
      .filter((line) => /level=(fatal|error)|^failed to|^Error/.test(line))
      .at(-1) ??
    log.trim().split('\n').at(-1) ??
    '';
  const reason = /(?:msg|error)="((?:[^"\\]|\\.)*)"/.exec(fatal)?.[1] ?? fatal;
  /** @type {[RegExp, string][]} */
  const remedies = [
    [/cgroup/i, 'no control groups are mounted; mount cgroup2 on /sys/fs/cgroup'],
    [
      /iptables|nf_tables|Permission denied \(you must be root\)/i,
      'the packet filter cannot be set up; try `update-alternatives --set iptables /usr/sbin/iptables-legacy`, or give this machine NET_ADMIN',
    ],
    [
      /driver not supported|graphdriver/i,
      'no storage driver works on this file system; use a data root on ext4 or xfs (`data-root` in /etc/docker/daemon.json)',
    ],
    [
      /operation not permitted|permission denied/i,
      'this process may not do what an engine must; run it as root on a machine that allows it',
    ],
  ];
  const remedy = remedies.find(([pattern]) => pattern.test(reason))?.[1];
  return remedy ? `${reason} (${remedy})` : reason;
}

/** Why no engine can be started here, or null when one can. */
function obstacle(host) {
  if (host !== DEFAULT_HOST) {
    return `DOCKER_HOST is ${host} and no engine answers there; unset it, or start that engine`;
  }
  if (process.platform !== 'linux') return 'no Docker engine answers; start Docker Desktop, OrbStack or Colima';
  if (!which('dockerd')) {
    return 'no Docker engine answers and `dockerd` is not installed; on Debian or Ubuntu: apt-get install docker.io';
  }
  if (process.getuid?.() !== 0) {
    return 'no Docker engine answers and only root can start one; as root: systemctl start docker, or run the tests as root';
  }
  return null;
}

/** Ends an engine and its containerd: asks, waits until its pid is gone, and only then uses force. */
async function end(pid) {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGTERM');
  if (await until(() => !isAlive(pid), STOP_TIMEOUT_MS)) return;
  process.kill(pid, 'SIGKILL');
  await until(() => !isAlive(pid), STOP_TIMEOUT_MS);
}

async function startEngine(program) {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-engine-'));
  const logFile = join(folder, 'dockerd.log');
  const log = openSync(logFile, 'a');
  // In a session of its own: an interrupt of the tests must not end the engine before they have taken their containers away.
  const child = spawn(program, ['--host', DEFAULT_HOST], { detached: true, stdio: ['ignore', log, log] });
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  child.once('error', () => {
    exited = true;
  });
  child.unref();

  const version = await until(async () => (await ping(DEFAULT_HOST)) ?? (exited ? 'exited' : null), START_TIMEOUT_MS);
  if (version && version !== 'exited' && !exited) {
    return {
      host: DEFAULT_HOST,
      version,
      started: true,
      stop: async () => {
        await end(child.pid);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  const text = readFileSync(logFile, 'utf8');
  if (!exited) await end(child.pid);
  rmSync(folder, { recursive: true, force: true });
  // Somebody else was starting one at the same moment: theirs is as good, and theirs to stop.
  if (/pid file found/.test(text)) {
    const theirs = await until(() => ping(DEFAULT_HOST), START_TIMEOUT_MS);
    if (theirs) return running(DEFAULT_HOST, theirs);
  }
  throw new Error(
    exited
      ? `dockerd ended at once: ${explain(text)}`
      : `dockerd did not answer within ${START_TIMEOUT_MS / 1000} s: ${explain(text)}`,
  );
}

const running = (host, version) => ({ host, version, started: false, stop: async () => {} });

/**
 * An engine that answers.
 *
 * @returns {Promise<{host: string, version: string, started: boolean, stop: () => Promise<void>}>} its address, its API version, whether
 *   this call started it, and what ends it (nothing, when it was there before)
 * @throws an Error that says in one sentence what is missing and what to do
 */
export async function ensureEngine() {
  const host = engineHost();
  const version = await ping(host);
  if (version) return running(host, version);
  const reason = obstacle(host);
  if (reason) throw new Error(reason);
  return startEngine(which('dockerd'));
}

async function main() {
  const engine = await ensureEngine();
  console.log(
    `docker engine at ${engine.host} (API ${engine.version})${engine.started ? ', started here; interrupt to stop it' : ', which was running'}`,
  );
  if (!engine.started) return;
  // The engine has a session of its own: something must keep this process alive until it is told to go.
  const alive = setInterval(() => {}, 60_000);
  const stop = () => {
    clearInterval(alive);
    void engine.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

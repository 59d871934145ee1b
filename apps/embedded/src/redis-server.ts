import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SwitchyardError } from '@switchyard/domain';
import { findOnPath, findRedisProgram } from './redis-program.ts';

const START_TIMEOUT_MS = 30_000;
const PING_TIMEOUT_MS = 1_000;
const POLL_MS = 15;
const PORT_ATTEMPTS = 5;
const HOST = '127.0.0.1';

/** A Redis that belongs to one data directory. */
export interface RedisServer {
  /** With its password: never to be logged. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Redis's own shutdown: everything is on disk when it resolves. After `limitMs` it is killed. */
  stop(limitMs: number): Promise<void>;
}

interface Installation {
  readonly program: string;
  readonly directory: string;
  readonly configFile: string;
  readonly password: string;
  /** A program that ends Redis when this process dies without a word; empty where there is none. */
  readonly guard: readonly string[];
}

/** Finds the program and makes the directory with its password (mode 600). */
export async function prepareRedis(dataDirectory: string, path: string): Promise<Installation> {
  const program = await findRedisProgram(path);
  const directory = join(dataDirectory, 'redis');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return {
    program,
    directory,
    configFile: join(directory, 'redis.conf'),
    password: await readOrMakePassword(join(directory, 'password')),
    guard: await findGuard(path),
  };
}

/**
 * Starts Redis, on `fixedPort` or any free one, and waits until it answers. Rejects with `redis-unusable` and its last lines when it does
 * not.
 */
export async function startRedis(installation: Installation, fixedPort?: number): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    const port = fixedPort ?? (await freePort());
    await writeFile(
      installation.configFile,
      redisConfig({ port, directory: installation.directory, password: installation.password }),
      {
        mode: 0o600,
      },
    );
    const child = launch(installation);
    const failure = await whenAnswering(child, port, installation);
    if (failure === null) return running(child, port, installation.password);
    await end(child, 1_000);
    // Between the look for a port and its use, another process may have taken it.
    if (fixedPort === undefined && attempt < PORT_ATTEMPTS && failure.includes('Address already in use')) continue;
    throw new SwitchyardError(
      'redis-unusable',
      `The private Redis does not start: ${failure}\nIts log is ${join(installation.directory, 'redis.log')}.`,
    );
  }
}

/** Every acknowledged write is on disk, nothing is evicted, nobody else gets in. The password stays out of argv by being here. */
function redisConfig({ port, directory, password }: { port: number; directory: string; password: string }): string {
  const lines = [
    `bind ${HOST}`,
    `port ${port}`,
    'protected-mode yes',
    `requirepass ${password}`,
    'daemonize no',
    'supervised no',
    `dir ${quoted(directory)}`,
    `logfile ${quoted(join(directory, 'redis.log'))}`,
    'loglevel notice',
    'appendonly yes',
    'appendfsync always',
    'save ""',
    'maxmemory-policy noeviction',
    'databases 1',
  ];
  return `# Written at every start.\n${lines.join('\n')}\n`;
}

/** A string of redis.conf: quotes, backslashes and control characters escaped. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

async function readOrMakePassword(file: string): Promise<string> {
  const found = await readFile(file, 'utf8').catch(() => '');
  if (/^[0-9a-f]{64}\n$/.test(found)) return found.trim();
  const password = randomBytes(32).toString('hex');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  return password;
}

/** util-linux's setpriv on Linux; BusyBox has one without the option. Elsewhere the next start ends a Redis that was left. */
async function findGuard(path: string): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  const setpriv = await findOnPath('setpriv', path);
  if (setpriv === null) return [];
  const guard = [setpriv, '--pdeathsig', 'TERM'];
  const works = await promisify(execFile)(setpriv, ['--pdeathsig', 'TERM', 'true']).then(
    () => true,
    () => false,
  );
  return works ? guard : [];
}

function launch({ program, configFile, directory, guard }: Installation): ChildProcess {
  const [guardProgram, ...guardArgs] = guard;
  const [command, args] =
    guardProgram === undefined ? [program, [configFile]] : [guardProgram, [...guardArgs, program, configFile]];
  const child = spawn(command, args, { cwd: directory, stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  return child;
}

function running(child: ChildProcess, port: number, password: string): RedisServer {
  return {
    url: `redis://:${password}@${HOST}:${port}`,
    port,
    pid: child.pid ?? 0,
    process: child,
    stop: (limitMs) => end(child, limitMs),
  };
}

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess, limitMs: number): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  await ended;
  clearTimeout(timer);
}

/** null once it answers; otherwise why it does not. */
async function whenAnswering(
  child: ChildProcess,
  port: number,
  { directory, password }: Installation,
): Promise<string | null> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (hasEnded(child)) return `it ended at once. ${await lastLines(directory)}`;
    if (await answers(port, password, child.pid ?? 0)) return null;
    await pause(POLL_MS);
  }
  return `no answer within ${START_TIMEOUT_MS / 1_000} s. ${await lastLines(directory)}`;
}

async function lastLines(directory: string): Promise<string> {
  const log = await readFile(join(directory, 'redis.log'), 'utf8').catch(() => '');
  return log.trim().split('\n').slice(-3).join('\n');
}

/** Whether the very server that was started takes commands; while it loads its data it answers `-LOADING`. */
async function answers(port: number, password: string, pid: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: HOST, port });
    let received = '';
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PING_TIMEOUT_MS, () => settle(false));
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\nINFO server\r\n`));
    socket.on('data', (chunk) => {
      received += chunk.toString();
      const answered = /^process_id:(\d+)/m.exec(received);
      if (answered !== null) settle(received.includes('+PONG') && Number(answered[1]) === pid);
      else if (/^-/m.test(received)) settle(false);
    });
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error(`no free port on ${HOST}`);
  return address.port;
}

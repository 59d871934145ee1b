import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
// @boundaries-ignore the search for programs is shared with the set-up scripts, which run before any package is installed
import { findProgram } from '../../scripts/process/find-program.mjs';

const START_TIMEOUT_MS = 15_000;
const POLL_MS = 20;
const PING_TIMEOUT_MS = 1_000;
const PORT_ATTEMPTS = 5;

/** A Redis server that belongs to one test run or to one test. */
export interface RedisServer {
  /** With its password: `redis://:…@127.0.0.1:…`. */
  readonly url: string;
  readonly port: number;
  readonly password: string;
  /** Holds the append-only file and `redis.log`; removed by `stop`. */
  readonly directory: string;
  /** The present server's; another one after `restart`. */
  readonly pid: number;
  /** Ends the server at once and keeps its data, as a crash would; resolves when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again after `kill`, on the same port and data; resolves when it answers. */
  restart(): Promise<void>;
  /** Ends the server and removes its directory. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a private Redis as Switchyard wants one: append-only with `appendfsync always`, `noeviction`, a password, loopback only.
 *
 * @param config further settings, or other values for these (`{ 'maxmemory': '64mb' }`)
 * @throws when no server is installed, or it does not answer within 15 s
 */
export async function startRedis(config: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-redis-'));
  const password = randomBytes(16).toString('hex');
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const settings = { ...DURABLE, ...config, port: String(port), dir: directory, requirepass: password };
    try {
      const first = await launch(settings);
      return server(settings, first);
    } catch (error) {
      // Between the look for a port and its use, another process may have taken it.
      if (attempt < PORT_ATTEMPTS && error instanceof Error && error.message.includes('Address already in use'))
        continue;
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }
}

const DURABLE = {
  bind: '127.0.0.1',
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  'maxmemory-policy': 'noeviction',
  loglevel: 'notice',
  logfile: 'redis.log',
};

type Settings = Readonly<Record<string, string>> & { port: string; dir: string; requirepass: string };

function server(settings: Settings, first: ChildProcess): RedisServer {
  const port = Number(settings.port);
  const password = settings.requirepass;
  let child = first;
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    port,
    password,
    directory: settings.dir,
    get pid() {
      return child.pid ?? 0;
    },
    kill: (signal = 'SIGKILL') => end(child, signal),
    async restart() {
      await end(child, 'SIGKILL');
      child = await launch(settings);
    },
    async stop() {
      await end(child, 'SIGKILL');
      await rm(settings.dir, { recursive: true, force: true });
    },
  };
}

async function launch(settings: Settings): Promise<ChildProcess> {
  const program = findProgram('redis-server') ?? findProgram('valkey-server');
  if (!program)
    throw new Error('Neither redis-server nor valkey-server is installed; `npm test` installs it or says how.');
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  // A test run that is killed outright must not leave its Redis behind.
  const guard = process.platform === 'linux' ? findProgram('setpriv') : undefined;
  const [command, ...before] = guard ? [guard, '--pdeathsig', 'KILL', program] : [program];
  const child = spawn(command, [...before, ...args], { cwd: settings.dir, stdio: 'ignore' });
  let failed: Error | undefined;
  child.once('error', (error) => {
    failed = error;
  });
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if (failed) throw failed;
    if (hasEnded(child)) throw new Error(`Redis ended at once: ${await lastLines(settings.dir)}`);
    if (await answers(Number(settings.port), settings.requirepass)) return child;
    await pause(POLL_MS);
  }
  await end(child, 'SIGKILL');
  throw new Error(`Redis did not answer within ${START_TIMEOUT_MS} ms: ${await lastLines(settings.dir)}`);
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

async function lastLines(directory: string): Promise<string> {
  const log = await readFile(join(directory, 'redis.log'), 'utf8').catch(() => 'it wrote no log');
  return log.trim().split('\n').slice(-5).join('\n');
}

/** Whether the server takes commands; while it loads its data it answers `-LOADING`. */
function answers(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: PING_TIMEOUT_MS });
    let received = '';
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (received.includes('+PONG')) settle(true);
      else if (/^-/m.test(received)) settle(false);
    });
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port on 127.0.0.1.');
  return address.port;
}

import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Something that forwards requests to the upstream. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  /** All processes that do its work. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** Seconds of CPU that a process has used so far, in user and kernel. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export async function residentBytesOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** A script of this directory, which tells the port it listens on. */
export async function startScript(name: string, ...args: string[]): Promise<Contender> {
  const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), args);
  const port = await Promise.race([
    once(child, 'message').then(([told]: unknown[]) => Number(told)),
    once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended at once`))),
  ]);
  return { name, port, pids: [child.pid ?? 0], stop: async () => await ended(child) };
}

const isThere = (program: string): boolean => {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

interface Peer {
  readonly program: string;
  readonly config: (port: number, upstream: number) => string;
  readonly args: (file: string) => string[];
}

const PEERS: readonly Peer[] = [
  {
    program: 'haproxy',
    config: (port, upstream) => `global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 60s
  option forwardfor
frontend visitors
  bind 127.0.0.1:${port}
  default_backend app
backend app
  http-reuse always
  server one 127.0.0.1:${upstream}
`,
    args: (file) => ['-f', file],
  },
  {
    program: 'caddy',
    config: (port, upstream) => `{
  admin off
  auto_https off
}
http://hello.localhost:${port} {
  reverse_proxy 127.0.0.1:${upstream}
}
`,
    args: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
];

/** The peers that are installed here. */
export async function startPeers(ports: readonly number[], upstream: number): Promise<Contender[]> {
  const found = PEERS.filter(({ program }) => isThere(program));
  return await Promise.all(
    found.map(async ({ program, config, args }, index) => {
      const port = ports[index] ?? 0;
      const directory = await mkdtemp(join(tmpdir(), 'bench-peer-'));
      const file = join(directory, program);
      await writeFile(file, config(port, upstream));
      const child = spawn(program, args(file), { stdio: 'ignore', env: { ...process.env, HOME: directory } });
      return {
        name: program,
        port,
        pids: [child.pid ?? 0],
        async stop() {
          await ended(child);
          await rm(directory, { recursive: true, force: true });
        },
      };
    }),
  );
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from './system.ts';
import { waitFor } from './wait-for.ts';

const run = promisify(execFile);
const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find((path) => existsSync(path));

/** A real sshd on a port of its own, with its own host key, that lets in who shows a key that it was told of. */
export interface GitSshServer {
  readonly port: number;
  /** `ssh://…` of a repository's directory. */
  url(directory: string, host?: string): string;
  /** Only these public keys are let in from now on. */
  letIn(...publicKeys: readonly string[]): Promise<void>;
  /** Gives the server another host key. */
  changeHostKey(): Promise<void>;
  stop(): Promise<void>;
}

export async function startGitSshServer(): Promise<GitSshServer> {
  if (SSHD === undefined) throw new Error('sshd is missing: install openssh-server');
  const program = SSHD;
  const directory = await mkdtemp(join(tmpdir(), 'sshd-'));
  const [port = 0] = await freePorts(1);
  const authorized = join(directory, 'authorized_keys');
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const key = join(directory, 'host_key');
    await rm(key, { force: true });
    await rm(`${key}.pub`, { force: true });
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const config = join(directory, 'sshd_config');
    await writeFile(
      config,
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `HostKey ${key}`,
        `AuthorizedKeysFile ${authorized}`,
        'StrictModes no',
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        'PermitRootLogin prohibit-password',
        'PidFile none',
        '',
      ].join('\n'),
    );
    child = spawn(program, ['-D', '-e', '-f', config], { stdio: 'ignore' });
    await waitFor('sshd answers', () => answers(port), 20_000, 50);
  }

  async function end(): Promise<void> {
    if (child === null || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }

  await writeFile(authorized, '', { mode: 0o600 });
  // A system package makes it when its service starts, which none does here.
  if (process.getuid?.() === 0) await run('mkdir', ['-p', '/run/sshd']);
  await start();
  return {
    port,
    url: (path, host = '127.0.0.1') => `ssh://${userInfo().username}@${host}:${port}${path}`,
    async letIn(...publicKeys) {
      await writeFile(authorized, publicKeys.map((key) => `${key}\n`).join(''));
      await chmod(authorized, 0o600);
    },
    async changeHostKey() {
      await end();
      await start();
    },
    async stop() {
      await end();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

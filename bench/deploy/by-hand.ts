import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { freePorts } from '../../tests/harness/system.ts';

/** What somebody would type without us. `start` null: the built files are only there to be served, and nothing is started. */
export interface Commands {
  readonly install: string | null;
  readonly build: string;
  readonly start: string | null;
}

/** A clone that is kept, with package downloads that are kept, as on somebody's own server. */
export class ByHand {
  readonly #clone: string;
  readonly #home: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #repository: string;
  readonly #commands: Commands;
  #running: ChildProcess | null = null;

  constructor(directory: string, repository: string, commands: Commands, env: Readonly<Record<string, string>>) {
    this.#clone = join(directory, 'clone');
    this.#home = join(directory, 'home');
    this.#repository = repository;
    this.#commands = commands;
    this.#env = { PATH: process.env['PATH'], HOME: this.#home, CI: 'true', ...env };
  }

  /** A clone, everything installed and built, the app started and answering. */
  async cold(): Promise<number> {
    await this.stop();
    await rm(this.#clone, { recursive: true, force: true });
    await mkdir(this.#home, { recursive: true });
    return await timed(async () => {
      await this.#run(`git clone --quiet ${this.#repository} ${this.#clone}`, this.#home);
      if (this.#commands.install !== null) await this.#run(this.#commands.install);
      await this.#run(this.#commands.build);
      await this.#startAndProbe();
    });
  }

  async codeChange(): Promise<number> {
    await this.stop();
    return await timed(async () => {
      await this.#run('git pull --quiet');
      await this.#run(this.#commands.build);
      await this.#startAndProbe();
    });
  }

  async startAgain(): Promise<number> {
    await this.stop();
    return await timed(() => this.#startAndProbe());
  }

  async stop(): Promise<void> {
    const child = this.#running;
    this.#running = null;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    process.kill(-child.pid, 'SIGKILL');
    await once(child, 'exit');
  }

  async #run(command: string, cwd = this.#clone): Promise<void> {
    await promisify(execFile)('sh', ['-c', command], { cwd, env: this.#env });
  }

  async #startAndProbe(): Promise<void> {
    if (this.#commands.start === null) return;
    const [port = 0] = await freePorts(1);
    const env = { ...this.#env, NODE_ENV: 'production', PORT: String(port), HOST: '127.0.0.1' };
    this.#running = spawn('sh', ['-c', this.#commands.start], {
      cwd: this.#clone,
      env,
      stdio: 'ignore',
      detached: true,
    });
    while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ host: '127.0.0.1', port, path: '/', agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve((response.statusCode ?? 500) < 500));
    });
    asking.once('error', () => resolve(false));
    asking.end();
  });
}

export async function timed(act: () => Promise<unknown>): Promise<number> {
  const since = performance.now();
  await act();
  return performance.now() - since;
}

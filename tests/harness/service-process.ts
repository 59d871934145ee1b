import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type ServiceName = 'api' | 'worker' | 'runner' | 'router';

/** One of our processes as operators run it: `node apps/<name>/dist/main.js`. */
export interface ServiceProcess {
  readonly name: ServiceName;
  readonly pid: number;
  /** Resolves when it is gone. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Only sends it: for SIGSTOP and SIGCONT. */
  send(signal: NodeJS.Signals): void;
  readonly running: boolean;
  /** null while it runs, or when a signal ended it. */
  readonly exitCode: number | null;
}

/** Starts one; its log goes to `logFile`. A process that ends by itself does not fail the test: what it was needed for does. */
export function startService(name: ServiceName, env: Record<string, string>, logFile: string): ServiceProcess {
  const entry = fileURLToPath(new URL(`../../apps/${name}/dist/main.js`, import.meta.url));
  if (!existsSync(entry)) throw new Error(`${entry} is missing: run \`npm run build\` first`);
  const log = createWriteStream(logFile, { flags: 'a' });
  const child: ChildProcess = spawn(process.execPath, [entry], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const exited = once(child, 'exit').then(() => void log.end());
  if (child.pid === undefined) throw new Error(`${name} did not start`);
  const { pid } = child;
  return {
    name,
    pid,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    get exitCode() {
      return child.exitCode;
    },
    send(signal) {
      child.kill(signal);
    },
    async signal(signal) {
      child.kill(signal);
      await exited;
    },
  };
}

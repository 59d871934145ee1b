import type { ChildProcess } from 'node:child_process';
import { restartDelay } from './backoff.ts';

export interface Supervised {
  readonly name: string;
  /** null while it is down. */
  pid(): number | null;
  /** TERM, KILL after `limitMs`; no restart from now on. Resolves when it is gone. */
  stop(limitMs: number): Promise<void>;
  /** At once. */
  kill(): void;
}

export interface SuperviseOptions {
  readonly name: string;
  /** Starts the process; called again when it has died. */
  readonly launch: () => Promise<ChildProcess>;
  /** It died although nobody asked for it. A promise that rejects, or `false`, keeps it down. */
  readonly onDeath: (how: string, delayMs: number) => boolean;
  /** It runs (again); or it is down. */
  readonly onChange: () => void;
  readonly onLaunchFailure: (error: unknown) => void;
}

/** Keeps one process up until it is stopped. Resolves when it has been started for the first time. */
export async function supervise({
  name,
  launch,
  onDeath,
  onChange,
  onLaunchFailure,
}: SuperviseOptions): Promise<Supervised> {
  let child: ChildProcess | null = null;
  let deaths = 0;
  let timer: NodeJS.Timeout | undefined;
  let launching: Promise<void> = Promise.resolve();
  let stopping = false;
  let gone: (() => void) | undefined;

  const start = async (): Promise<void> => {
    const startedAt = performance.now();
    const launched = await launch();
    child = launched;
    let over = false;
    const ended = (how: string): void => {
      if (over) return;
      over = true;
      child = null;
      onChange();
      gone?.();
      if (stopping) return;
      const next = restartDelay(deaths, performance.now() - startedAt);
      deaths = next.deaths;
      if (onDeath(how, next.delayMs)) again(next.delayMs);
    };
    launched.once('exit', (code, signal) => ended(signal === null ? `exit code ${code ?? 0}` : signal));
    launched.once('error', (error) => ended(error.message));
    if (launched.exitCode !== null || launched.signalCode !== null) ended('at once');
    onChange();
  };

  const again = (delayMs: number): void => {
    timer = setTimeout(() => {
      launching = start().catch((error: unknown) => {
        onLaunchFailure(error);
        const next = restartDelay(deaths, 0);
        deaths = next.deaths;
        if (!stopping) again(next.delayMs);
      });
    }, delayMs);
  };

  await start();
  return {
    name,
    pid: () => child?.pid ?? null,
    async stop(limitMs) {
      stopping = true;
      clearTimeout(timer);
      await launching;
      const last = child;
      if (last === null) return;
      const ended = new Promise<void>((resolve) => {
        gone = resolve;
      });
      last.kill('SIGTERM');
      const limit = setTimeout(() => last.kill('SIGKILL'), limitMs);
      await ended;
      clearTimeout(limit);
    },
    kill() {
      stopping = true;
      clearTimeout(timer);
      child?.kill('SIGKILL');
    },
  };
}

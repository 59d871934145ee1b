import { AsyncLocalStorage } from 'node:async_hooks';
import type { StepName } from '@switchyard/domain';
import type { Planned, Timeline } from './timeline.ts';

/** Whose code runs, and at which step it works. */
interface Scope {
  readonly process: SimulatedProcess;
  readonly step: StepName | null;
}

const scopes = new AsyncLocalStorage<Scope>();

/** A timer of a simulated process, in place of Node's. */
class SimulatedTimer {
  planned: Planned | null = null;

  cancel(): void {
    this.planned?.cancel();
    this.planned = null;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** A process of ours that may die, or stand still and come back not knowing for how long. */
export class SimulatedProcess {
  readonly name: string;
  readonly timeline: Timeline;
  #isDead = false;
  #pausedUntil = 0;

  constructor(name: string, timeline: Timeline) {
    this.name = name;
    this.timeline = timeline;
  }

  static current(): SimulatedProcess | null {
    return scopes.getStore()?.process ?? null;
  }

  static currentStep(): StepName | null {
    return scopes.getStore()?.step ?? null;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Nothing of it happens any more. */
  die(): void {
    this.#isDead = true;
  }

  /** Nothing of it happens until then, and then all that was due meanwhile. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.timeline.now + ms);
  }

  wake(): void {
    this.#pausedUntil = 0;
  }

  /** Runs code as this process's. */
  run<Answer>(code: () => Answer, step: StepName | null = null): Answer {
    return scopes.run({ process: this, step }, code);
  }

  /** Runs code as this process's at a moment; `scope` keeps the step of who asks. */
  plan(at: number, code: () => void, scope: Scope = scopes.getStore() ?? { process: this, step: null }): Planned {
    let planned: Planned;
    const due = (): void => {
      if (this.#isDead) return;
      if (this.#pausedUntil > this.timeline.now) planned = this.timeline.plan(this.#pausedUntil, due);
      else scopes.run({ process: this, step: scope.step }, code);
    };
    planned = this.timeline.plan(at, due);
    return { cancel: () => planned.cancel() };
  }

  /** Resolves after a time of this process's, or when the signal is aborted; never when it is dead. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      if (signal?.aborted === true) return resolve();
      const planned = this.plan(this.timeline.now + ms, () => {
        signal?.removeEventListener('abort', end);
        resolve();
      });
      const end = (): void => {
        planned.cancel();
        resolve();
      };
      signal?.addEventListener('abort', end, { once: true });
    });
  }
}

/** Runs code that belongs to no simulated process: its timers are real. */
export function outside<Answer>(code: () => Answer): Answer {
  return scopes.exit(code);
}

type Callback = (...args: unknown[]) => void;

function timer(
  process: SimulatedProcess,
  code: Callback,
  ms: number,
  args: unknown[],
  repeats: boolean,
): SimulatedTimer {
  const made = new SimulatedTimer();
  const wait = Math.max(1, ms);
  const plan = (): void => {
    made.planned = process.plan(process.timeline.now + wait, () => {
      if (repeats) plan();
      code(...args);
    });
  };
  plan();
  return made;
}

let areInstalled = false;

/**
 * Gives the code of simulated processes timers of simulated time: whatever it starts with `setTimeout` or `setInterval` is its process's,
 * and dies or stands still with it. Everybody else's timers stay Node's.
 */
export function installTimers(): void {
  if (areInstalled) return;
  areInstalled = true;
  const real = { setTimeout, setInterval, clearTimeout, clearInterval };
  const make =
    (repeats: boolean, otherwise: (code: Callback, ms?: number, ...args: unknown[]) => unknown) =>
    (code: Callback, ms = 0, ...args: unknown[]): unknown => {
      const process = SimulatedProcess.current();
      return process === null ? otherwise(code, ms, ...args) : timer(process, code, ms, args, repeats);
    };
  const clear =
    (otherwise: (timer?: NodeJS.Timeout) => void) =>
    (made: unknown): void => {
      if (made instanceof SimulatedTimer) made.cancel();
      else Reflect.apply(otherwise, undefined, [made]);
    };
  Object.assign(globalThis, {
    setTimeout: make(false, real.setTimeout),
    setInterval: make(true, real.setInterval),
    clearTimeout: clear(real.clearTimeout),
    clearInterval: clear(real.clearInterval),
  });
}

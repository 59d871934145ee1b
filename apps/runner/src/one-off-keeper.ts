import { type Clock, LIMITS, type OneOff, SwitchyardError } from '@switchyard/domain';
import type { FoundProcess, RunnerPlatform } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';
import { memoryUse } from './memory-use.ts';
import type { RunVariables } from './run-variables.ts';
import { startBaseOf } from './start-base.ts';
import { Wake } from './wake.ts';

const RETRY_MS = 500;
const IDLE_MS = 60_000;

export interface OneOffParts {
  readonly platform: RunnerPlatform;
  readonly oneOffs: Pick<Store['oneOffs'], 'advance' | 'get'>;
  readonly variables: Pick<RunVariables, 'read'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Looks after one command that must outlive its worker: starts it once, waits for its end, writes down how it ended. The record says
 * `running` from just before the command may run: one that says `wanted` has never run here, whatever a dead runner left half made. One
 * that says `running` where nothing is found, or whose end nobody saw, has an unknown outcome, and nobody runs it again. So has one that
 * was ended because somebody asked for it, whatever its exit says: a program that is told to stop may well exit with 0.
 */
export class OneOffKeeper {
  readonly #parts: OneOffParts;
  readonly #wake = new Wake();
  #oneOff: OneOff;
  #found: FoundProcess | null;
  #ending: 'let-go' | 'leave' | null = null;
  #isEndedByForce = false;
  #actedAt = performance.now();
  readonly done: Promise<void>;

  constructor(parts: OneOffParts, oneOff: OneOff, found: FoundProcess | null) {
    this.#parts = parts;
    this.#oneOff = oneOff;
    this.#found = found;
    this.done = this.#run().catch((error: unknown) =>
      parts.log.error({ err: error, oneOffId: oneOff.id }, 'the loop of a one-off ended'),
    );
  }

  /** As `InstanceKeeper.see`. */
  see(found: FoundProcess | null, askedAt: number): void {
    if (askedAt < this.#actedAt || found?.state === this.#found?.state) return;
    this.#found = found;
    this.#wake.wake();
  }

  /** What its record says by now. */
  update({ endRequestedAt }: OneOff): void {
    if (endRequestedAt === null || this.#oneOff.endRequestedAt !== null) return;
    this.#oneOff = { ...this.#oneOff, endRequestedAt };
    this.#wake.wake();
  }

  /** Its record is gone: nobody wants to know its end any more. */
  letGo(): void {
    this.#ending ??= 'let-go';
    this.#wake.wake();
  }

  /** The runner ends; the command goes on, and the next runner finds it. */
  leave(): void {
    this.#ending ??= 'leave';
    this.#wake.wake();
  }

  async #run(): Promise<void> {
    const seenEnding = this.#found?.state === 'exited' && this.#found.exit !== null;
    const hasJustStarted = this.#oneOff.state === 'wanted' && this.#found?.state !== 'running' && !seenEnding;
    // One that is to end before it began is left to whoever withdraws it.
    if (hasJustStarted && this.#oneOff.endRequestedAt === null) await this.#start();
    else if (!hasJustStarted && this.#found !== null)
      await this.#advance({ state: 'running', startedAt: this.#found.startedAt });

    // Whether it ended before an earlier runner told it to is not known.
    this.#isEndedByForce = this.#oneOff.endRequestedAt !== null && !hasJustStarted;
    while (this.#ending === null && this.#found?.state === 'running') {
      if (this.#oneOff.endRequestedAt !== null) await this.#endByForce();
      else await this.#wake.sleep(IDLE_MS);
    }
    if (this.#ending === null && this.#oneOff.state === 'running') await this.#writeEnd(this.#found);
    while (this.#ending === null) await this.#wake.sleep(IDLE_MS);
    if (this.#ending === 'leave') return;
    const { platform } = this.#parts;
    await platform.stop(this.#oneOff.id, { graceMs: LIMITS.commandGraceMs });
    await platform.remove(this.#oneOff.id);
  }

  async #start(): Promise<void> {
    const { id, deploymentId, command, timeLimitMs } = this.#oneOff;
    let variables: Readonly<Record<string, string>>;
    try {
      variables = await this.#readVariables();
    } catch (error) {
      if (this.#ending === null) await this.#neverRan(error);
      return;
    }
    let isRefused = false;
    const beforeBegin = async (): Promise<void> => {
      isRefused =
        this.#ending !== null ||
        this.#oneOff.endRequestedAt !== null ||
        !(await this.#advance({ state: 'running', startedAt: this.#parts.clock() }));
      if (isRefused) throw new Error('it was withdrawn or is to end, or this runner is ending');
    };
    try {
      this.#found = await this.#parts.platform.startOneOff(
        { ...startBaseOf(this.#oneOff, variables), id, command, timeLimitMs },
        beforeBegin,
      );
      this.#actedAt = performance.now();
      this.#parts.log.info({ oneOffId: id, deploymentId }, `runs ${command}`);
    } catch (error) {
      // It never ran: the platform answers with an error only before anything has started.
      if (!isRefused) await this.#neverRan(error);
    }
  }

  async #endByForce(): Promise<void> {
    const { platform, log } = this.#parts;
    const { id, deploymentId } = this.#oneOff;
    this.#isEndedByForce = true;
    log.warn({ oneOffId: id, deploymentId }, 'ends a one-off in the middle, as was asked for');
    try {
      await platform.stop(id, { graceMs: LIMITS.migrationGraceMs });
      this.#actedAt = performance.now();
      this.#found = (await platform.list()).find((one) => one.id === id) ?? null;
    } catch (error) {
      log.warn({ err: error, oneOffId: id }, 'could not end a one-off; trying again');
      await this.#wake.sleep(RETRY_MS);
    }
  }

  async #writeEnd(found: FoundProcess | null): Promise<void> {
    const endedAt = this.#parts.clock();
    if (found === null || found.exit === null || this.#isEndedByForce)
      return void (await this.#advance({ state: 'unknown', endedAt }));
    const { exit, timedOut } = found;
    const memory = memoryUse(found, this.#oneOff.limits);
    await this.#advance({ state: 'exited', endedAt, exit: { code: exit.code, signal: exit.signal, timedOut, memory } });
  }

  async #neverRan(error: unknown): Promise<void> {
    const { id, deploymentId } = this.#oneOff;
    this.#parts.log.error({ err: error, oneOffId: id, deploymentId }, 'could not start a one-off');
    await this.#advance({
      state: 'exited',
      endedAt: this.#parts.clock(),
      exit: { code: null, signal: null, timedOut: false, memory: null },
    });
  }

  /** A Redis that is away is waited for: nothing of what it needs has been read before. */
  async #readVariables(): Promise<Readonly<Record<string, string>>> {
    for (;;) {
      try {
        return (await this.#parts.variables.read(this.#oneOff)).environment;
      } catch (error) {
        const isAway = error instanceof SwitchyardError && error.code === 'redis-unavailable';
        if (!isAway || this.#ending !== null) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Writes the state until Redis has it; false when the record is past it already. */
  async #advance(change: Partial<OneOff>): Promise<boolean> {
    const { oneOffs, log } = this.#parts;
    const next: OneOff = { ...this.#oneOff, ...change };
    for (let isUncertain = false; ; isUncertain = true) {
      try {
        // Nobody else writes these states: the state that an attempt without an answer left is its own.
        const moved =
          (await oneOffs.advance(next)) || (isUncertain && (await oneOffs.get(next.id))?.state === next.state);
        this.#oneOff = { ...this.#oneOff, ...change };
        return moved;
      } catch (error) {
        log.warn({ err: error, oneOffId: next.id }, 'could not write the state of a one-off');
        if (this.#ending !== null) return false;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}

import { type ProcessOrder, type ProcessRecord, type ProcessState, SwitchyardError } from '@switchyard/domain';
import type { Log } from './log.ts';

/**
 * How a process of ours ends. Three words, each of which includes the one before; there is no way back, since a process costs nothing to
 * start and one that was asked to leave by somebody must not be kept by somebody else.
 *
 * - *quiet*: takes nothing new and goes on with what it has. It stays as long as nobody says more; its record says `quiet`, and its
 *   `/readyz` answers 503, so that a balancer sends the next request elsewhere.
 *   worker: takes no more wake-ups, leads nothing. runner: starts no instance and no command that it does not look after yet; it goes on
 *   looking after those that run: restarts, drains, stops. router and api: answer whatever still comes; they only say that it should
 *   come no more.
 * - *drain(deadline)*: quiet, then lets what it has in hand end by itself until the deadline and hands back the rest; says goodbye, exits
 *   with 0. worker: stages that are cut are handed back, cost no attempt, and another worker goes on at once. runner: ends the starts
 *   that are under way; instances and commands go on without it and the next runner finds them. router: listens no more; requests and
 *   WebSockets go on until the deadline. api: listens no more, answers what has been asked, and tells the readers of event streams to
 *   connect again.
 * - *kill*: ends at once, by SIGKILL to itself: there is one way to die, and it is the one that the tests of lost processes try.
 *
 * How it is said: by signals (SIGUSR2 is quiet; SIGTERM and SIGINT drain with the process's own deadline; either of them once more kills)
 * and from afar by an order in Redis (`Store.processes.tell`). SIGUSR1 is Node's own (it opens the inspector), SIGTSTP is Ctrl-Z of every
 * terminal, and SIGHUP comes when one is closed.
 */
export interface RunningProcess {
  /** Safe to call twice. `drain` is called without it too. */
  quiet(): Promise<void>;
  /** Called once, with the milliseconds that are left. Ends everything; nothing of the process may be used afterwards. */
  drain(deadlineMs: number): Promise<void>;
}

/** What a process knows of its own life, from before it starts. */
export interface ProcessLife {
  readonly state: ProcessState;
  /** As a signal would; what is no stronger than what was said before changes nothing. */
  obey(order: ProcessOrder): void;
  /** Called when the state has changed, so that its record can say so. */
  onChange(listener: () => void): void;
}

/** What a process with this life says of itself with every beat. */
export function reportOf(life: ProcessLife, inHand: () => number): () => Pick<ProcessRecord, 'state' | 'inHand'> {
  return () => ({ state: life.state, inHand: inHand() });
}

export interface ProcessOptions {
  readonly log: Log;
  /** How long handing back and closing may take beyond the deadline; then the process ends at once. */
  readonly endTimeoutMs: number;
  readonly start: (life: ProcessLife) => Promise<RunningProcess & { readonly drainDeadlineMs: number }>;
}

type Started = Awaited<ReturnType<ProcessOptions['start']>>;

/** The state of one process, and the only place that changes it. */
class Life implements ProcessLife {
  readonly #options: ProcessOptions;
  readonly #die: (error: unknown) => never;
  readonly #listeners: (() => void)[] = [];
  #running: Started | null = null;
  #state: ProcessState = 'working';

  constructor(options: ProcessOptions, die: (error: unknown) => never) {
    this.#options = options;
    this.#die = die;
  }

  get state(): ProcessState {
    return this.#state;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** From now on it can be asked to end; what was said meanwhile is done. */
  started(running: Started): void {
    this.#running = running;
    if (this.#state === 'quiet') this.#beQuiet();
  }

  obey(order: ProcessOrder): void {
    switch (order.order) {
      case 'quiet':
        if (this.#state === 'working') this.#beQuiet();
        return;
      case 'drain':
        this.#drain(order.deadlineMs, 'told');
        return;
      case 'kill':
        this.kill('told');
    }
  }

  kill(reason: string): void {
    const { log } = this.#options;
    log.warn({ reason }, 'killed; whatever was in hand is taken over as after any death');
    log.flush();
    process.kill(process.pid, 'SIGKILL');
  }

  signalled(reason: NodeJS.Signals | 'supervisor-gone'): void {
    if (this.#state !== 'draining') this.#drain(null, reason);
    else if (reason !== 'supervisor-gone') this.kill(reason);
  }

  #become(state: ProcessState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  #beQuiet(): void {
    this.#options.log.info('quiet: takes nothing new');
    this.#become('quiet');
    this.#running?.quiet().catch((error: unknown) => this.#die(error));
  }

  #drain(wanted: number | null, reason: string): void {
    const running = this.#running;
    if (this.#state === 'draining') return;
    // Told while it starts: nothing has begun yet.
    if (running === null) process.exit(0);
    const deadlineMs = wanted ?? running.drainDeadlineMs;
    this.#options.log.info({ reason, deadlineMs }, 'draining');
    this.#become('draining');
    this.#endBy(deadlineMs);
    running.drain(deadlineMs).then(
      () => process.exit(0),
      (error: unknown) => this.#die(error),
    );
  }

  #endBy(deadlineMs: number): void {
    setTimeout(() => {
      this.#options.log.error('did not end in time');
      this.#options.log.flush();
      process.exit(1);
    }, deadlineMs + this.#options.endTimeoutMs).unref();
  }
}

/**
 * Runs a process from start to end, as `RunningProcess` says. A process that was started with an IPC channel also drains when the channel
 * closes: the one that started it has died without a word; in the middle of its start it ends at once, since a start may wait for ever for
 * a Redis that died with the one that started both. A start that fails logs one line with what to do and exits with 1. A rejection nobody
 * handled ends the process: its supervisor starts it again, and the chain hands its work to another.
 */
export async function runProcess(options: ProcessOptions): Promise<void> {
  const { log } = options;
  const die = (error: unknown): never => {
    if (error instanceof SwitchyardError) log.fatal({ code: error.code }, error.message);
    else log.fatal({ err: error }, 'unexpected error');
    log.flush();
    process.exit(1);
  };
  process.on('unhandledRejection', die);
  process.on('uncaughtException', die);
  const life = new Life(options, die);
  // Without a listener it would end the process, also in the middle of its start.
  process.on('SIGUSR2', () => life.obey({ order: 'quiet' }));

  const isSupervised = process.channel !== undefined;
  const onOrphaned = (): never => {
    log.info({ reason: 'supervisor-gone' }, 'ended while starting');
    log.flush();
    process.exit(1);
  };
  if (isSupervised) {
    process.once('disconnect', onOrphaned);
    if (!process.connected) onOrphaned();
  }
  const running = await options.start(life).catch(die);
  process.off('disconnect', onOrphaned);
  life.started(running);
  process.on('SIGTERM', (signal) => life.signalled(signal));
  process.on('SIGINT', (signal) => life.signalled(signal));
  if (!isSupervised) return;
  const onSupervisorGone = (): void => life.signalled('supervisor-gone');
  process.once('disconnect', onSupervisorGone);
  if (!process.connected) onSupervisorGone();
}

import { SwitchyardError } from '@switchyard/domain';
import type { Log } from './log.ts';

/**
 * Runs a process from start to stop. `start` answers how to stop; SIGTERM and SIGINT stop in order, a second signal or a stop that takes
 * longer than `stopTimeoutMs` ends the process at once. A process that was started with an IPC channel also stops when the channel closes:
 * the one that started it has died without a word; in the middle of its start it ends at once, since a start may wait for ever for a Redis
 * that died with the one that started both. A start that fails logs one line with what to do and exits with 1. A rejection
 * nobody handled ends the process: its supervisor starts it again, and the chain hands its work to another.
 */
export async function runProcess(options: {
  log: Log;
  stopTimeoutMs: number;
  start: () => Promise<{ stop: () => Promise<void> }>;
}): Promise<void> {
  const { log } = options;
  const die = (error: unknown): never => {
    if (error instanceof SwitchyardError) log.fatal({ code: error.code }, error.message);
    else log.fatal({ err: error }, 'unexpected error');
    log.flush();
    process.exit(1);
  };
  process.on('unhandledRejection', die);
  process.on('uncaughtException', die);

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
  const running = await options.start().catch(die);
  process.off('disconnect', onOrphaned);
  let stopping = false;
  const stop = (reason: NodeJS.Signals | 'supervisor-gone'): void => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ reason }, 'stopping');
    setTimeout(() => {
      log.error('did not stop in time');
      process.exit(1);
    }, options.stopTimeoutMs).unref();
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => die(error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (!isSupervised) return;
  const onSupervisorGone = (): void => {
    if (!stopping) stop('supervisor-gone');
  };
  process.once('disconnect', onSupervisorGone);
  if (!process.connected) onSupervisorGone();
}

import { type Clock, LIMITS } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Log } from '@switchyard/service';

/** Behind a lease's end, so that one look finds it over. */
const SLACK_MS = 20;

/**
 * When leases are looked at again: when the next one runs out, and by the sweep's pace at the latest. A lease that is given meanwhile runs
 * out later than that, so none is overlooked.
 */
export function nextLookMs(nextAt: number | null, now: number): number {
  const inMs = nextAt === null ? LIMITS.sweepMs : nextAt - now + SLACK_MS;
  return Math.min(LIMITS.sweepMs, Math.max(SLACK_MS, inMs));
}

/**
 * Takes over what dead workers leave at the moment at which their leases run out. Every worker looks for itself: waiting for the sweep
 * would add up to its pace, and up to its leader's term where the leader is the one that died.
 */
export function startTakingOver({
  store,
  clock,
  log,
}: {
  readonly store: { readonly chain: Pick<Store['chain'], 'takeOver'> };
  readonly clock: Clock;
  readonly log: Log;
}): { stop(): Promise<void> } {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let under: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    let inMs: number = LIMITS.sweepMs;
    try {
      const { takenOver, nextAt } = await store.chain.takeOver();
      if (takenOver > 0) log.info({ takenOver }, 'took over what a lost worker had left');
      inMs = nextLookMs(nextAt, clock());
    } catch (error) {
      log.warn({ err: error }, 'could not look for lost workers; it is tried again');
    }
    if (!isStopped) later(inMs);
  };
  const later = (inMs: number): void => {
    timer = setTimeout(() => {
      under = look();
    }, inMs);
  };
  later(0);
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await under;
    },
  };
}

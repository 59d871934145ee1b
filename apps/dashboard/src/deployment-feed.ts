import type { Client, DeploymentView } from '@switchyard/client';
import type { DeploymentEvent, LogEvent } from '@switchyard/domain';
import { foldEvent } from './deployment-view.ts';
import { appendLog, type LogLines, NO_LINES } from './log-store.ts';

export interface FeedState {
  readonly deployment: DeploymentView | null;
  readonly log: LogLines;
  readonly connection: 'connecting' | 'open' | 'lost';
  /** Every event has been read: nothing follows. */
  readonly isComplete: boolean;
  readonly error: unknown;
}

export interface DeploymentFeed {
  readonly subscribe: (listener: () => void) => () => void;
  readonly state: () => FeedState;
}

const START: FeedState = { deployment: null, log: NO_LINES, connection: 'connecting', isComplete: false, error: null };

/** How often the page is drawn again at most: a burst of events is one change. */
const FLUSH_MS = 50;

/** One deployment as it happens: the record first, then every event from the first on. Runs while somebody listens. */
export function createDeploymentFeed(client: Client, id: string): DeploymentFeed {
  let state = START;
  let pending: DeploymentEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let run: AbortController | null = null;
  const listeners = new Set<() => void>();

  const change = (part: Partial<FeedState>): void => {
    state = { ...state, ...part };
    for (const listener of listeners) listener();
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const events = pending;
    pending = [];
    if (events.length === 0) return;
    const logs = events.filter((event): event is LogEvent => event.type === 'log');
    change({
      deployment: state.deployment === null ? null : events.reduce(foldEvent, state.deployment),
      log: appendLog(state.log, logs),
    });
  };
  const take = (event: DeploymentEvent): void => {
    pending.push(event);
    timer ??= setTimeout(flush, FLUSH_MS);
  };

  async function follow(signal: AbortSignal): Promise<void> {
    try {
      const deployment = await client.deployment(id);
      if (signal.aborted) return;
      change({ deployment });
      const onConnection = (connection: 'open' | 'lost'): void => change({ connection });
      for await (const event of client.events(id, { signal, onConnection })) take(event);
      flush();
      if (signal.aborted) return;
      // The record's own word on what the events told: cache keys, notes, exact times.
      change({ deployment: await client.deployment(id), isComplete: true });
    } catch (error) {
      if (!signal.aborted) change({ error });
    }
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (run === null) {
        state = START;
        run = new AbortController();
        void follow(run.signal);
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        run?.abort();
        run = null;
        clearTimeout(timer);
        timer = undefined;
        pending = [];
      };
    },
    state: () => state,
  };
}

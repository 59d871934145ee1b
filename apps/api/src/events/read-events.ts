import { type DeploymentEvent, type DeploymentId, isFinal } from '@switchyard/domain';
import { type EventSources, history } from './history.ts';
import { Inbox } from './inbox.ts';

/** Live events that wait while the past is still being read; more than this and they are read from Redis instead. */
const MAX_WAITING_EVENTS = 1_000;

export interface EventBatch {
  readonly events: readonly DeploymentEvent[];
  /** Whether these have just happened, or are caught up with. */
  readonly live: boolean;
}

/**
 * Events of a deployment above `after`, each once and in order; with `follow` on and on until `deployment.ended`, or the signal.
 *
 * First the subscription, then the reading of what is over, then what the subscription has delivered meanwhile, less what was read: in
 * this order nothing can fall between. An id that does not follow the one before means that something was missed, and the past is read
 * again from there.
 */
export async function* readEvents(
  sources: EventSources,
  id: DeploymentId,
  { after, follow, signal }: { after: number; follow: boolean; signal: AbortSignal },
): AsyncGenerator<EventBatch> {
  const inbox = new Inbox<DeploymentEvent>(MAX_WAITING_EVENTS, signal);
  const unsubscribe = follow ? await sources.store.events.subscribe(id, inbox.put) : () => undefined;
  try {
    let last = after;
    let isFirst = true;
    while (!signal.aborted) {
      for await (const { events, upTo } of history(sources, id, last)) {
        if (signal.aborted) return;
        last = upTo;
        // The first one also when it is empty: the reader is connected.
        if (events.length > 0 || isFirst) yield { events, live: false };
        isFirst = false;
        if (hasEnded(events)) return;
      }
      if (!follow || (await isOver(sources, id, last))) return;
      for (let missed = false; !missed; ) {
        const news = await inbox.takeAfter(last);
        if (news === null) return;
        const { events } = news;
        missed = news.missed;
        last = events.at(-1)?.id ?? last;
        if (events.length > 0) yield { events, live: true };
        if (hasEnded(events)) return;
      }
    }
  } finally {
    unsubscribe();
  }
}

const hasEnded = (events: readonly DeploymentEvent[]): boolean => events.at(-1)?.type === 'deployment.ended';

/** Whether the deployment has ended and this reader has everything, the end included; also where the record is gone. */
async function isOver({ store }: EventSources, id: DeploymentId, last: number): Promise<boolean> {
  const record = await store.deployments.get(id);
  return record === null || (isFinal(record.status) && record.sequence <= last);
}

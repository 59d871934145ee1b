import type { DeploymentEvent, DeploymentId } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { LogArchive } from '@switchyard/service';

const BATCH_EVENTS = 64;

export interface EventSources {
  readonly store: Pick<Store, 'deployments' | 'events'>;
  readonly archive: LogArchive;
}

export interface HistoryBatch {
  readonly events: readonly DeploymentEvent[];
  /** Every event up to this id has been given, or is gone for good. */
  readonly upTo: number;
}

/**
 * All events above `after` that exist when this is called, in order and without doubles: those that Redis has, and between them log
 * events that have moved to blobs. The last batch may be empty.
 *
 * The order of reading matters. First the record: its sequence says how far the events go, and later ones are left to the next reading,
 * since their neighbours may not be in it. Then Redis, then blobs: a log event leaves Redis only after it is in blobs, so what is missing
 * in the second is found in the third.
 */
export async function* history(
  { store, archive }: EventSources,
  id: DeploymentId,
  after: number,
): AsyncGenerator<HistoryBatch> {
  const record = await store.deployments.get(id);
  const horizon = Math.max(after, record?.sequence ?? 0);
  const events = (await store.events.read(id, after)).events.filter((event) => event.id <= horizon);
  if (events.length === horizon - after) {
    yield* slices(events, horizon);
    return;
  }
  let given = 0;
  let upTo = after;
  for await (const chunk of archive.chunks(id, after)) {
    const merged: DeploymentEvent[] = [];
    for (const event of chunk) {
      if (event.id > horizon) break;
      given = moveUntil(event.id, events, given, merged);
      if (event.id > Math.max(upTo, merged.at(-1)?.id ?? 0)) merged.push(event);
    }
    upTo = merged.at(-1)?.id ?? upTo;
    if (merged.length > 0) yield* slices(merged, upTo);
  }
  yield* slices(events.slice(given), horizon);
}

/** In batches that are small enough to be sent at a slow reader's pace. */
function* slices(events: readonly DeploymentEvent[], upTo: number): Generator<HistoryBatch> {
  for (let from = 0; from + BATCH_EVENTS < events.length; from += BATCH_EVENTS) {
    const slice = events.slice(from, from + BATCH_EVENTS);
    yield { events: slice, upTo: slice.at(-1)?.id ?? upTo };
  }
  const rest = events.length % BATCH_EVENTS || Math.min(events.length, BATCH_EVENTS);
  yield { events: rest === 0 ? [] : events.slice(-rest), upTo };
}

/** Moves events with an id of at most `id` from position `from` on; answers the position after them. */
function moveUntil(id: number, events: readonly DeploymentEvent[], from: number, into: DeploymentEvent[]): number {
  let position = from;
  for (let event = events[position]; event !== undefined && event.id <= id; event = events[(position += 1)])
    into.push(event);
  return position;
}

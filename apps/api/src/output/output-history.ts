import { type EnvironmentId, LIMITS, type OutputEvent } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { OutputArchive } from '@switchyard/service';

export interface OutputSources {
  readonly output: Pick<Store['output'], 'position' | 'read' | 'subscribe'>;
  readonly outputArchive: Pick<OutputArchive, 'chunks' | 'backwards'>;
}

export interface OutputHistory {
  readonly events: readonly OutputEvent[];
  /** Every event up to this id has been given, or is gone for good. */
  readonly upTo: number;
}

/** Whose lines are wanted. */
export type OutputFilter = (event: OutputEvent) => boolean;

/**
 * All events above `after` that exist when this is called, in order and without doubles: first blobs, then what Redis has. The last batch
 * may be empty. Redis is read before blobs: an event leaves it only after it is in blobs, so what is missing in one is in the other.
 */
export async function* outputHistory(
  { output, outputArchive }: OutputSources,
  id: EnvironmentId,
  after: number,
): AsyncGenerator<OutputHistory> {
  const horizon = Math.max(after, (await output.position(id)).last);
  const live = (await output.read(id, after)).filter((event) => event.id <= horizon);
  let upTo = after;
  const liveFrom = live[0]?.id ?? horizon + 1;
  if (liveFrom > after + 1)
    for await (const chunk of outputArchive.chunks(id, after)) {
      const events = chunk.filter((event) => event.id < liveFrom);
      if (events.length === 0) break;
      upTo = events.at(-1)?.id ?? upTo;
      yield { events, upTo };
    }
  yield { events: live, upTo: horizon };
}

/** The last `lines` lines of those that are wanted, as events, and the id up to which they reach. */
export async function lastOutput(
  { output, outputArchive }: OutputSources,
  id: EnvironmentId,
  { lines, isWanted }: { lines: number; isWanted: OutputFilter },
): Promise<OutputHistory> {
  const { last: upTo } = await output.position(id);
  const live = await output.read(id, 0);
  const found: OutputEvent[] = [];
  let missing = lines;
  let before = upTo + 1;
  const take = (events: readonly OutputEvent[]): void => {
    for (const event of [...events].reverse()) {
      if (event.id >= before) continue;
      before = event.id;
      if (missing <= 0 || !isWanted(event)) continue;
      found.push(event.lines.length <= missing ? event : { ...event, lines: event.lines.slice(-missing) });
      missing -= event.lines.length;
    }
  };
  take(live);
  if (missing > 0 && before > 1)
    for await (const events of outputArchive.backwards(id)) {
      take(events);
      if (missing <= 0) break;
    }
  return { events: found.reverse(), upTo };
}

/** What is past retention is not shown, also where nobody has removed it yet. */
export const isKept = (event: OutputEvent, now: number): boolean => event.at >= now - LIMITS.keptOutputMs;

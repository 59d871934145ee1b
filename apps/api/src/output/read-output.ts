import type { EnvironmentId, OutputEvent } from '@switchyard/domain';
import { Inbox } from '../events/inbox.ts';
import { lastOutput, type OutputFilter, type OutputSources, outputHistory } from './output-history.ts';

/** Live events that wait while the past is still being read; more than this and they are read from Redis instead. */
const MAX_WAITING_EVENTS = 1_000;

export interface OutputBatch {
  readonly events: readonly OutputEvent[];
  /** Whether these have just happened, or are caught up with. */
  readonly live: boolean;
}

/** Everything after an event, or the last lines. */
export type OutputStart = { readonly after: number } | { readonly lines: number };

export interface OutputRequest {
  readonly start: OutputStart;
  readonly follow: boolean;
  readonly isWanted: OutputFilter;
  /** Whether the app is still there. */
  readonly isThere: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * What an environment's instances print, each event once and in order; with `follow` on and on until the app is gone, or the signal. As
 * with a deployment's events: first the subscription, then the past, then what came meanwhile; a gap in the ids means reading again.
 */
export async function* readOutput(
  sources: OutputSources,
  id: EnvironmentId,
  { start, follow, isWanted, isThere, signal }: OutputRequest,
): AsyncGenerator<OutputBatch> {
  const inbox = new Inbox<OutputEvent>(MAX_WAITING_EVENTS, signal);
  const unsubscribe = follow ? await sources.output.subscribe(id, inbox.put) : () => undefined;
  const wanted = (events: readonly OutputEvent[]): OutputEvent[] => events.filter(isWanted);
  try {
    let last: number;
    if ('lines' in start) {
      const { events, upTo } = await lastOutput(sources, id, { lines: start.lines, isWanted });
      // Also when there are none: the reader is connected.
      yield { events, live: false };
      last = upTo;
    } else {
      // One that comes from a farm whose records were lost starts over.
      last = start.after > (await sources.output.position(id)).last ? 0 : start.after;
      yield { events: [], live: false };
    }
    while (!signal.aborted) {
      for await (const { events, upTo } of outputHistory(sources, id, last)) {
        if (signal.aborted) return;
        last = upTo;
        yield { events: wanted(events), live: false };
      }
      if (!follow) return;
      for (let missed = false; !missed; ) {
        const news = await inbox.takeAfter(last);
        if (news === null) return;
        const { events } = news;
        missed = news.missed;
        last = events.at(-1)?.id ?? last;
        if (events.length > 0) yield { events: wanted(events), live: true };
      }
      if (!(await isThere())) return;
    }
  } finally {
    unsubscribe();
  }
}

import { LIMITS, type LogEvent, type StageName } from '@switchyard/domain';

export interface LogLine {
  /** Stable within the deployment. */
  readonly key: string;
  readonly stage: StageName;
  readonly attempt: number;
  /** From 1, in the attempt's log. */
  readonly number: number;
  readonly text: string;
}

/** Lines that the page keeps; the whole log is one click away as text. */
const MAX_LINES = 12_000;

export interface LogLines {
  readonly lines: readonly LogLine[];
  /** Lines that were dropped at the front. */
  readonly dropped: number;
}

export const NO_LINES: LogLines = { lines: [], dropped: 0 };

/** Adds the lines of events; the oldest go where there are too many. */
export function appendLog(log: LogLines, events: readonly LogEvent[], maxLines = MAX_LINES): LogLines {
  if (events.length === 0) return log;
  const added = events.flatMap(({ data }) =>
    data.lines.map((text, index) => ({
      key: `${data.stage}-${data.attempt}-${data.firstLine + index}`,
      stage: data.stage,
      attempt: data.attempt,
      number: data.firstLine + index,
      text: text.length > LIMITS.maxLogLineBytes ? text.slice(0, LIMITS.maxLogLineBytes) : text,
    })),
  );
  const all = [...log.lines, ...added];
  const excess = Math.max(0, all.length - maxLines);
  return { lines: excess === 0 ? all : all.slice(excess), dropped: log.dropped + excess };
}

/** Stages in the order in which they first wrote something. */
export function stagesIn(lines: readonly LogLine[]): StageName[] {
  return [...new Set(lines.map((line) => line.stage))];
}

/** Lines in groups of a stable size, so that a group that is full is never drawn again. */
export function chunked(lines: readonly LogLine[], size = 200): { key: string; lines: readonly LogLine[] }[] {
  const chunks = [];
  for (let at = 0; at < lines.length; at += size) {
    const slice = lines.slice(at, at + size);
    chunks.push({ key: slice[0]?.key ?? String(at), lines: slice });
  }
  return chunks;
}

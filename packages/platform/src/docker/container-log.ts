import type { Container } from 'dockerode';
import { FrameReader } from './frames.ts';

/** An entry that was seen: the first one of its time, and where it begins. */
interface Mark {
  readonly offset: number;
  readonly time: string;
}

/**
 * Reads kept logs by byte offsets. The engine knows none: it gives entries from a time on, each with its time in front. Offsets count
 * bytes of output, from the oldest entry that was there when the container was first read; the mark of the entry that was read last spares
 * reading all before it, and keeps offsets true when the oldest entries are rotated away.
 */
export class ContainerLogs {
  readonly #marks = new Map<string, Mark>();

  async read(container: Container, offset: number, maxBytes: number): Promise<{ bytes: Buffer; next: number }> {
    const mark = this.#marks.get(container.id) ?? null;
    const entries = await logEntries(container, mark !== null && mark.offset <= offset ? mark.time : null);
    const base = baseOf(entries, mark, offset);
    const output = Buffer.concat(entries.map(({ payload }) => payload));
    // Beyond the end is an offset of an earlier process, that counted entries which are gone.
    const start = offset > base + output.length ? base : Math.max(offset, base);
    const bytes = output.subarray(start - base, start - base + maxBytes);
    const next = start + bytes.length;
    const latest = markBefore(next, entries, base);
    if (latest !== null) this.#marks.set(container.id, latest);
    return { bytes, next };
  }

  forget(containerId: string): void {
    this.#marks.delete(containerId);
  }
}

/** Where the first of these entries begins. When the marked one is not among them, what lay between is gone: they go on at `offset`. */
export function baseOf(entries: readonly LogEntry[], mark: Mark | null, offset: number): number {
  if (mark === null) return 0;
  let before = 0;
  for (const { time, payload } of entries) {
    if (time === mark.time) return mark.offset - before;
    before += payload.length;
  }
  return offset;
}

/** The first entry of the latest time that begins at or before an offset: the engine gives all entries of that time again. */
export function markBefore(next: number, entries: readonly LogEntry[], base: number): Mark | null {
  const marks: Mark[] = [];
  let offset = base;
  for (const { time, payload } of entries) {
    if (offset > next) break;
    if (time !== marks.at(-1)?.time) marks.push({ offset, time });
    offset += payload.length;
  }
  return marks.at(-1) ?? null;
}

export interface LogEntry {
  /** As the engine takes it back: seconds and nanoseconds. */
  readonly time: string;
  readonly payload: Buffer;
}

/** `2026-11-24T12:15:52.735739755Z` → `1795522552.735739755` */
export function sinceOf(timestamp: string): string {
  const [, seconds = '', fraction = ''] = /^(.*?)(?:\.(\d+))?Z$/.exec(timestamp) ?? [];
  return `${Date.parse(`${seconds}Z`) / 1000}.${fraction.padEnd(9, '0')}`;
}

/** One frame of a log with times: `time payload`. */
export function entryOf(frame: Buffer): LogEntry {
  const space = frame.indexOf(0x20);
  return { time: sinceOf(frame.subarray(0, space).toString('latin1')), payload: frame.subarray(space + 1) };
}

/** All entries, or those from a time on. */
async function logEntries(container: Container, since: string | null): Promise<LogEntry[]> {
  const from = since === null ? {} : { since };
  const log = await container.logs({ follow: false, stdout: true, stderr: true, timestamps: true, ...from });
  const frames: Buffer[][] = [];
  for (const { part, start } of new FrameReader().read(log)) {
    if (start) frames.push([part]);
    else frames.at(-1)?.push(part);
  }
  return frames.map((parts) => entryOf(Buffer.concat(parts)));
}

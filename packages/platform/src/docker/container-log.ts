import type { Container } from 'dockerode';
import { FrameReader } from './frames.ts';

/** Where in a log to go on: the entries from this time on begin at this offset. */
interface Mark {
  readonly offset: number;
  readonly since: string;
}

/**
 * Reads kept logs by byte offsets. The engine knows none: it gives entries from a time on, each with its time in front. Offsets count
 * the bytes of output from the oldest entry that was kept when the container was first read; marks spare reading from there each time, and
 * keep offsets true when old entries have been rotated away.
 */
export class ContainerLogs {
  readonly #marks = new Map<string, Mark>();

  async read(container: Container, offset: number, maxBytes: number): Promise<{ bytes: Buffer; next: number }> {
    const known = this.#marks.get(container.id);
    const mark = known !== undefined && known.offset <= offset ? known : { offset: 0, since: '' };
    const entries = await logEntries(container, mark.since, offset + maxBytes - mark.offset);
    const end = entries.reduce((bytes, { payload }) => bytes + payload.length, mark.offset);
    // Beyond the end of what a restarted process can count: what is there is what there is.
    const start = offset > end ? mark.offset : offset;
    const bytes = Buffer.concat(entries.map(({ payload }) => payload)).subarray(
      start - mark.offset,
      start - mark.offset + maxBytes,
    );
    const next = start + bytes.length;
    this.#remember(container.id, entries, mark, next);
    return { bytes, next };
  }

  forget(containerId: string): void {
    this.#marks.delete(containerId);
  }

  /** The first entry of the latest time that begins at or before `next`: the engine gives all entries of that time again. */
  #remember(containerId: string, entries: readonly LogEntry[], from: Mark, next: number): void {
    let mark = from;
    let offset = from.offset;
    for (const { time, payload } of entries) {
      if (offset > next) break;
      if (time !== mark.since) mark = { offset, since: time };
      offset += payload.length;
    }
    this.#marks.set(containerId, mark);
  }
}

interface LogEntry {
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

/** Entries from a time on, until there are `enoughBytes` of output. */
async function logEntries(container: Container, since: string, enoughBytes: number): Promise<LogEntry[]> {
  const log = await container.logs({
    follow: false,
    stdout: true,
    stderr: true,
    timestamps: true,
    ...(since === '' ? {} : { since }),
  });
  const frames = new FrameReader();
  const entries: LogEntry[] = [];
  let parts: Buffer[] = [];
  let bytes = 0;
  const add = () => {
    if (parts.length === 0) return;
    const entry = entryOf(Buffer.concat(parts));
    entries.push(entry);
    bytes += entry.payload.length;
    parts = [];
  };
  for (const { part, start } of frames.read(log)) {
    if (start) {
      add();
      if (bytes >= enoughBytes) break;
    }
    parts.push(part);
  }
  add();
  return entries;
}

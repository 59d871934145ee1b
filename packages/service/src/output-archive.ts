import { type EnvironmentId, LIMITS, OutputEvent } from '@switchyard/domain';
import type { Blobs } from './blobs.ts';

/**
 * What instances printed, as blobs: one chunk a blob, one event a line, named by the ids of the first and the last event, the bytes, and
 * the time of the last. A chunk that is written twice holds the same events.
 */
export interface OutputArchive {
  /** `events` are of one environment, in order. */
  append(id: EnvironmentId, events: readonly OutputEvent[]): Promise<void>;
  /** Archived events with an id above `afterId`, chunk by chunk, in order, without doubles. */
  chunks(id: EnvironmentId, afterId: number): AsyncIterable<OutputEvent[]>;
  /** The same backwards: the newest chunk first, each in order. Doubles between two chunks are the reader's to drop. */
  backwards(id: EnvironmentId): AsyncIterable<OutputEvent[]>;
  /** Removes what is more than `LIMITS.keptOutputBytes`, or older than `LIMITS.keptOutputMs`; the oldest first. */
  prune(id: EnvironmentId, now: number): Promise<void>;
  remove(id: EnvironmentId): Promise<void>;
}

interface Chunk {
  readonly key: string;
  readonly last: number;
  readonly bytes: number;
  readonly at: number;
}

const directoryOf = (id: EnvironmentId): string => `output/${id}/`;
const padded = (id: number): string => String(id).padStart(12, '0');

function chunkOf(key: string): Chunk[] {
  const [, last, bytes, at] = /\d{12}-(\d{12})-(\d+)-(\d+)\.ndjson$/.exec(key) ?? [];
  return last === undefined ? [] : [{ key, last: Number(last), bytes: Number(bytes), at: Number(at) }];
}

export function outputArchive(blobs: Blobs): OutputArchive {
  const list = async (id: EnvironmentId): Promise<Chunk[]> => (await blobs.list(directoryOf(id))).flatMap(chunkOf);

  async function read({ key }: Chunk): Promise<OutputEvent[]> {
    // Pruned meanwhile: what it held is gone.
    const text = (await blobs.get(key))?.toString('utf8') ?? '';
    return text.split('\n').flatMap((line) => (line === '' ? [] : [OutputEvent.parse(JSON.parse(line))]));
  }

  return {
    async append(id, events) {
      const [first] = events;
      const last = events.at(-1);
      if (first === undefined || last === undefined) return;
      const bytes = Buffer.from(`${events.map((event) => JSON.stringify(event)).join('\n')}\n`);
      const name = `${padded(first.id)}-${padded(last.id)}-${bytes.length}-${last.at}.ndjson`;
      await blobs.put(`${directoryOf(id)}${name}`, bytes);
    },

    async *chunks(id, afterId) {
      let upTo = afterId;
      for (const chunk of await list(id)) {
        if (chunk.last <= upTo) continue;
        const after = upTo;
        const events = (await read(chunk)).filter((event) => event.id > after);
        upTo = chunk.last;
        if (events.length > 0) yield events;
      }
    },

    async *backwards(id) {
      for (const chunk of (await list(id)).reverse()) yield await read(chunk);
    },

    async prune(id, now) {
      let kept = 0;
      for (const { key, bytes, at } of (await list(id)).reverse()) {
        kept += bytes;
        if (kept > LIMITS.keptOutputBytes || at < now - LIMITS.keptOutputMs) await blobs.removeAll(key);
      }
    },

    async remove(id) {
      await blobs.removeAll(directoryOf(id));
    },
  };
}

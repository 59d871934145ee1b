import { DeploymentEvent, type DeploymentId, type LogEvent } from '@switchyard/domain';
import type { Blobs } from './blobs.ts';

/**
 * Log events of a deployment as blobs, one chunk a blob, one event a line, named by the ids of the first and the last event: a reader
 * that resumes opens only the chunks it needs. A chunk that is written twice holds the same events.
 */
export interface LogArchive {
  /** `events` are consecutive log events of one deployment, in order. */
  append(deploymentId: DeploymentId, events: readonly LogEvent[]): Promise<void>;
  /** Archived log events with an id above `afterId`, in order, without doubles. */
  read(deploymentId: DeploymentId, afterId: number): Promise<LogEvent[]>;
  /** The same chunk by chunk, for readers that pass them on as they come. */
  chunks(deploymentId: DeploymentId, afterId: number): AsyncIterable<LogEvent[]>;
  remove(deploymentId: DeploymentId): Promise<void>;
}

const directoryOf = (deploymentId: DeploymentId): string => `logs/${deploymentId}/`;
const padded = (id: number): string => String(id).padStart(10, '0');

function lastIdOf(key: string): number {
  return Number(/-(\d{10})\.ndjson$/.exec(key)?.[1] ?? 0);
}

/** Chunks in the order of their first events; what two of them hold is given once. */
async function* chunksOf(blobs: Blobs, deploymentId: DeploymentId, afterId: number): AsyncGenerator<LogEvent[]> {
  let last = afterId;
  for (const key of await blobs.list(directoryOf(deploymentId))) {
    if (lastIdOf(key) <= last) continue;
    const text = (await blobs.get(key))?.toString('utf8') ?? '';
    const events: LogEvent[] = [];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const event = DeploymentEvent.parse(JSON.parse(line));
      if (event.type !== 'log' || event.id <= last) continue;
      last = event.id;
      events.push(event);
    }
    if (events.length > 0) yield events;
  }
}

export function logArchive(blobs: Blobs): LogArchive {
  return {
    async append(deploymentId, events) {
      const first = events[0];
      const last = events.at(-1);
      if (first === undefined || last === undefined) return;
      const key = `${directoryOf(deploymentId)}${padded(first.id)}-${padded(last.id)}.ndjson`;
      await blobs.put(key, Buffer.from(`${events.map((event) => JSON.stringify(event)).join('\n')}\n`));
    },

    async read(deploymentId, afterId) {
      const events: LogEvent[] = [];
      for await (const chunk of chunksOf(blobs, deploymentId, afterId)) events.push(...chunk);
      return events;
    },

    chunks: (deploymentId, afterId) => chunksOf(blobs, deploymentId, afterId),

    async remove(deploymentId) {
      await blobs.removeAll(directoryOf(deploymentId));
    },
  };
}

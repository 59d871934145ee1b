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
  remove(deploymentId: DeploymentId): Promise<void>;
}

const directoryOf = (deploymentId: DeploymentId): string => `logs/${deploymentId}/`;
const padded = (id: number): string => String(id).padStart(10, '0');

function lastIdOf(key: string): number {
  return Number(/-(\d{10})\.ndjson$/.exec(key)?.[1] ?? 0);
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
      const byId = new Map<number, LogEvent>();
      for (const key of await blobs.list(directoryOf(deploymentId))) {
        if (lastIdOf(key) <= afterId) continue;
        const text = (await blobs.get(key))?.toString('utf8') ?? '';
        for (const line of text.split('\n')) {
          if (line === '') continue;
          const event = DeploymentEvent.parse(JSON.parse(line));
          if (event.type === 'log' && event.id > afterId) byId.set(event.id, event);
        }
      }
      return [...byId.values()].sort((a, b) => a.id - b.id);
    },

    async remove(deploymentId) {
      await blobs.removeAll(directoryOf(deploymentId));
    },
  };
}

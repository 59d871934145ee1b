import { z } from 'zod';
import { OutboxEntry } from './queues.ts';

/** Every answer of a chain script ends with the outbox entries that the script has added. */
export function split(answer: unknown): { values: unknown[]; entries: OutboxEntry[] } {
  const values = z.array(z.unknown()).parse(answer);
  const entries = z.array(z.string()).parse(values.pop());
  return { values, entries: entries.map((text) => OutboxEntry.parse(JSON.parse(text))) };
}

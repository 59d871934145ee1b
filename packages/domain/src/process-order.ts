import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** `quiet`: it takes nothing new. `draining`: and it leaves when what it has in hand has ended, by its deadline at the latest. */
export const ProcessState = z.enum(['working', 'quiet', 'draining']);
export type ProcessState = z.infer<typeof ProcessState>;

/** What a process may be told; what the words mean stands above `runProcess` in packages/service. */
export const ProcessOrder = z.discriminatedUnion('order', [
  z.object({ order: z.literal('quiet') }),
  /** `deadlineMs` null: the process's own. */
  z.object({ order: z.literal('drain'), deadlineMs: z.int().min(0).max(LIMITS.maxDrainDeadlineMs).nullable() }),
  z.object({ order: z.literal('kill') }),
]);
export type ProcessOrder = z.infer<typeof ProcessOrder>;

const STRENGTH = { quiet: 0, drain: 1, kill: 2 } as const;

/** Of several orders the one that is obeyed: each includes the weaker ones. */
export function strongestOrder(orders: readonly ProcessOrder[]): ProcessOrder | null {
  return orders.toSorted((a, b) => STRENGTH[b.order] - STRENGTH[a.order])[0] ?? null;
}

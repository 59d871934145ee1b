import { z } from 'zod';
import { DeploymentId, InstanceId } from './ids.ts';

/**
 * Lines that an instance printed. `id` counts from 1 per environment, over all its instances and deployments, without gaps: a reader that
 * sees a gap has missed something and reads again.
 */
export const OutputEvent = z
  .object({
    id: z.int().positive(),
    type: z.literal('output'),
    /** When the runner read them; milliseconds since the epoch. */
    at: z.int().nonnegative(),
    instanceId: InstanceId,
    deploymentId: DeploymentId,
    /** The deployment's number. */
    number: z.int().positive(),
    /** Masked; standard output and standard error in the order in which they came. */
    lines: z.array(z.string()),
    /** Lines that were left out right before these; the first line says so too. */
    droppedLines: z.int().nonnegative(),
  })
  .meta({ id: 'OutputEvent' });
export type OutputEvent = z.infer<typeof OutputEvent>;

/** How far the output of an instance has been read: whatever is before `offset` has been kept, or left out with a mark. */
export const OutputCursor = z.object({
  /** When the process was started whose output it is: one that is started again has new output. Milliseconds since the epoch. */
  startedAt: z.int().nonnegative(),
  offset: z.int().nonnegative(),
});
export type OutputCursor = z.infer<typeof OutputCursor>;

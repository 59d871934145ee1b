import { z } from 'zod';
import { StageName } from './stages.ts';

export const FaultName = z.enum(['user', 'platform', 'transient']);

/** A line of a stage's log that proves the diagnosis. `line` counts from 1 in the attempt's log. */
export const Evidence = z.object({ line: z.int().positive().nullable(), text: z.string() });
export type Evidence = z.infer<typeof Evidence>;

/** What happened, how one can tell, and what to do. The reason for every failed deployment. */
export const Diagnosis = z
  .object({
    /** Stable id of the cause, `unknown` where nothing was recognised. */
    cause: z.string(),
    stage: StageName,
    title: z.string(),
    explanation: z.string(),
    fix: z.string(),
    evidence: z.array(Evidence),
    /** Extracted values: package, version, variable, file, line, port … */
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    fault: FaultName,
    confidence: z.number().min(0).max(1),
    /** What describes the cause, as a path in the documentation; absent where the cause is unknown. */
    page: z.string().optional(),
    /** What else was recognised, best first: mostly what followed from the cause. */
    lesser: z
      .array(
        z.object({
          cause: z.string(),
          title: z.string(),
          line: z.int().positive().nullable(),
          confidence: z.number().min(0).max(1),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Diagnosis' });
export type Diagnosis = z.infer<typeof Diagnosis>;

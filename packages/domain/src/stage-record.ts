import { z } from 'zod';
import { ProcessId } from './ids.ts';
import { MemoryUse } from './resources.ts';
import { StageName } from './stages.ts';
import { StageStatus } from './transitions.ts';

/** Milliseconds since the epoch. */
const Time = z.int().nonnegative();

export const CacheResult = z.object({
  result: z.enum(['hit', 'miss']),
  key: z.string(),
  /** Why it missed; for a hit, whose work was waited for. */
  because: z.string().nullable(),
});
export type CacheResult = z.infer<typeof CacheResult>;

export const Attempt = z
  .object({
    /** The fencing token under which the attempt ran. */
    token: z.int().positive(),
    processId: ProcessId.nullable(),
    startedAt: Time,
    endedAt: Time.nullable(),
    result: z.enum([
      'running',
      'succeeded',
      'skipped',
      'failed',
      'cancelled',
      'timed_out',
      'lost',
      'handed_back',
      'waited',
    ]),
    /** Why it failed and whether another attempt follows, for people. */
    note: z.string().nullable(),
    /** Of the command that took most; null where none ran. */
    memory: MemoryUse.nullable().default(null),
    /** `waited`: the number of the app's deployment whose work it left the result to. */
    waitedFor: z.int().positive().nullable().default(null),
  })
  .meta({ id: 'Attempt' });
export type Attempt = z.infer<typeof Attempt>;

export const StageRecord = z
  .object({
    name: StageName,
    status: StageStatus,
    attempts: z.array(Attempt),
    startedAt: Time.nullable(),
    endedAt: Time.nullable(),
    cache: CacheResult.nullable(),
    /** Why it was skipped, what it waits for, or what it reports. */
    note: z.string().nullable(),
  })
  .meta({ id: 'Stage' });
export type StageRecord = z.infer<typeof StageRecord>;

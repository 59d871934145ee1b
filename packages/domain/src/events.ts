import { z } from 'zod';
import { Diagnosis } from './diagnosis.ts';
import { DeploymentId, ReleaseId } from './ids.ts';
import { Plan } from './plan.ts';
import { Commit, Reuse, Trigger, Waiting } from './records.ts';
import { CacheResult } from './stage-record.ts';
import { StageName } from './stages.ts';
import { Outcome } from './transitions.ts';

/**
 * Every change of a deployment's state, and its log lines. `id` counts from 1 per deployment without gaps: a reader that sees a gap has
 * missed something and reads again.
 */
const event = <const Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  z.object({
    id: z.int().positive(),
    type: z.literal(type),
    /** Milliseconds since the epoch. */
    at: z.int().nonnegative(),
    deploymentId: DeploymentId,
    data,
  });

const attempt = z.int().positive();

export const DeploymentEvent = z
  .discriminatedUnion('type', [
    event(
      'deployment.queued',
      z.object({ number: z.int(), trigger: Trigger, ref: z.string().nullable(), reuse: Reuse }),
    ),
    event('deployment.pinned', z.object({ commit: Commit })),
    event('deployment.waiting', z.object({ reason: Waiting, note: z.string() })),
    event('deployment.planned', z.object({ plan: Plan })),
    /** `force`: its migration is ended in the middle. */
    event('deployment.cancelling', z.object({ force: z.boolean().default(false) })),
    event('deployment.live', z.object({ releaseId: ReleaseId.nullable() })),
    /** The route is back on the release that was live before this deployment. */
    event('deployment.turned_back', z.object({ releaseId: ReleaseId, reason: z.string() })),
    /** The outcome is known; cleanup follows. */
    event('deployment.decided', z.object({ outcome: Outcome, diagnosis: Diagnosis.nullable() })),
    /** Nothing follows. */
    event('deployment.ended', z.object({ outcome: Outcome })),
    event('stage.started', z.object({ stage: StageName, attempt })),
    event(
      'stage.succeeded',
      z.object({ stage: StageName, attempt, cache: CacheResult.nullable(), note: z.string().nullable() }),
    ),
    event('stage.skipped', z.object({ stage: StageName, note: z.string() })),
    /** `retryAt` is null when no further attempt follows. */
    event('stage.failed', z.object({ stage: StageName, attempt, note: z.string(), retryAt: z.int().nullable() })),
    event('stage.cancelled', z.object({ stage: StageName })),
    event('stage.timed_out', z.object({ stage: StageName, attempt, limitMs: z.int() })),
    event('stage.lost', z.object({ stage: StageName, attempt, note: z.string() })),
    /**
     * The attempt ended for another deployment to make the result, which the next one finds; `waitsFor` is its number. Null: it waits for a
     * database.
     */
    event('stage.waiting', z.object({ stage: StageName, attempt, note: z.string(), waitsFor: z.int().nullable() })),
    event(
      'log',
      z.object({
        stage: StageName,
        attempt,
        /** Number of the first line in the attempt's log, counted from 1. */
        firstLine: z.int().positive(),
        lines: z.array(z.string()),
      }),
    ),
  ])
  .meta({ id: 'DeploymentEvent' });
export type DeploymentEvent = z.infer<typeof DeploymentEvent>;
export type EventType = DeploymentEvent['type'];
export type EventOf<Type extends EventType> = Extract<DeploymentEvent, { type: Type }>;
export type LogEvent = EventOf<'log'>;

/** An event before the queue has given it an id, a time and a deployment. */
export type NewEvent = { [Type in EventType]: { type: Type; data: EventOf<Type>['data'] } }[EventType];

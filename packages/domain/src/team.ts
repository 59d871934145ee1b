import { z } from 'zod';
import { TeamId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { AppName } from './records.ts';

const Slots = z.int().min(1).max(LIMITS.maxSlots);
const Unfinished = z.int().min(1).max(LIMITS.maxUnfinished);

/** What the whole farm may do at once, and what its teams and apps may that have no limit of their own. */
export const FarmLimits = z
  .strictObject({
    slots: Slots.meta({ description: 'Stages that run at once.' }),
    slotsPerTeam: Slots.meta({ description: 'Of one team, where it has no limit of its own.' }),
    slotsPerApp: Slots.meta({ description: 'Of one app, where it has no limit of its own.' }),
    unfinished: Unfinished.meta({ description: 'Deployments that have not ended; one more is refused with 429.' }),
    unfinishedPerTeam: Unfinished.meta({ description: 'Of one team, where it has no limit of its own.' }),
    unfinishedPerApp: Unfinished.meta({ description: 'Of one app, where it has no limit of its own.' }),
  })
  .meta({ id: 'FarmLimits' });
export type FarmLimits = z.infer<typeof FarmLimits>;

export const FARM_LIMIT_DEFAULTS: FarmLimits = {
  slots: LIMITS.slotsPerFarm,
  slotsPerTeam: LIMITS.slotsPerTeam,
  slotsPerApp: LIMITS.slotsPerApp,
  unfinished: LIMITS.maxUnfinishedPerFarm,
  unfinishedPerTeam: LIMITS.maxUnfinishedPerTeam,
  unfinishedPerApp: LIMITS.maxUnfinishedPerApp,
};

const orDefault = <Shape extends z.ZodType>(shape: Shape) => shape.nullable().optional();

/** null: back to the default. What is not named stays. */
export const FarmLimitsPatch = z
  .strictObject({
    slots: orDefault(Slots),
    slotsPerTeam: orDefault(Slots),
    slotsPerApp: orDefault(Slots),
    unfinished: orDefault(Unfinished),
    unfinishedPerTeam: orDefault(Unfinished),
    unfinishedPerApp: orDefault(Unfinished),
  })
  .meta({ id: 'FarmLimitsPatch' });
export type FarmLimitsPatch = z.infer<typeof FarmLimitsPatch>;

/** A team's or an app's own limits; null: the farm's default holds. */
export const OwnLimits = z
  .strictObject({ slots: Slots.nullable(), unfinished: Unfinished.nullable() })
  .meta({ id: 'OwnLimits' });
export type OwnLimits = z.infer<typeof OwnLimits>;

export const OwnLimitsPatch = z
  .strictObject({
    slots: orDefault(Slots).meta({ description: 'Stages that run at once; null for the farm’s default.' }),
    unfinished: orDefault(Unfinished).meta({
      description: 'Deployments that have not ended; null for the farm’s default.',
    }),
  })
  .meta({ id: 'OwnLimitsPatch' });
export type OwnLimitsPatch = z.infer<typeof OwnLimitsPatch>;

/** Names of teams look like names of apps. */
export const TeamName = AppName;

export const Team = z.object({
  v: z.literal(1),
  id: TeamId,
  name: TeamName,
  /** Milliseconds since the epoch. */
  createdAt: z.int().nonnegative(),
  /** When its token was made; null: it has none. */
  tokenAt: z.int().nonnegative().nullable(),
  limits: OwnLimits,
});
export type Team = z.infer<typeof Team>;

/** What every token of a team begins with, so that one that got out is recognised. */
export const TEAM_TOKEN_PREFIX = 'swy_';

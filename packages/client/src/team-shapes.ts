import { OwnLimits, OwnLimitsPatch, Team, TeamName } from '@switchyard/domain';
import { z } from 'zod';

export const TeamView = Team.omit({ v: true })
  .extend({ apps: z.int().meta({ description: 'How many it has.' }) })
  .meta({ id: 'Team' });
export type TeamView = z.infer<typeof TeamView>;

export const TeamList = z.object({ teams: z.array(TeamView) }).meta({ id: 'TeamList' });
export type TeamList = z.infer<typeof TeamList>;

export const CreateTeam = z.strictObject({ name: TeamName }).meta({ id: 'NewTeam' });
export type CreateTeam = z.infer<typeof CreateTeam>;

/** What is not named stays. */
export const UpdateTeam = z
  .strictObject({ name: TeamName.optional(), limits: OwnLimitsPatch.optional() })
  .meta({ id: 'TeamPatch' });
export type UpdateTeam = z.infer<typeof UpdateTeam>;

export const NewTeamToken = z
  .object({ team: TeamView, token: z.string().meta({ description: 'Shown this once.' }) })
  .meta({ id: 'NewTeamToken' });
export type NewTeamToken = z.infer<typeof NewTeamToken>;

/** An app's own limits, and those that hold for it besides its team's. */
export const AppLimits = OwnLimits.extend({ holds: z.object({ slots: z.int(), unfinished: z.int() }) }).meta({
  id: 'AppLimits',
});
export type AppLimits = z.infer<typeof AppLimits>;

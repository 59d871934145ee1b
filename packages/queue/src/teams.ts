import { DEFAULT_TEAM, LIMITS, SwitchyardError, Team, TeamId, TeamName } from '@switchyard/domain';
import { z } from 'zod';
import type { StoreContext } from './context.ts';
import { ownLimitsOf } from './limit-records.ts';
import type { TeamRecords } from './team-records.ts';

const DEFAULT_NAME = 'default';

/** The stored document; the token and the limits are fields of their own, since scripts write them. */
const TeamDocument = Team.omit({ tokenAt: true, limits: true });

const notFound = (id: string): SwitchyardError => new SwitchyardError('team-not-found', `There is no team ${id}.`);
const exists = (name: string): SwitchyardError =>
  new SwitchyardError('team-exists', `There is a team named ${name} already. Choose another name.`);

export function teamRecords({ redis, keys, run, clock, ids }: StoreContext): TeamRecords {
  /** Also in an installation from before there were teams. */
  async function ensureDefault(): Promise<void> {
    if ((await redis.hexists(keys.team(DEFAULT_TEAM), 'doc')) === 1) return;
    const team = TeamDocument.parse({ v: 1, id: DEFAULT_TEAM, name: DEFAULT_NAME, createdAt: clock() });
    await run('ensureTeam', team.createdAt, team.name, team.id, JSON.stringify(team));
  }

  async function get(id: TeamId): Promise<Team | null> {
    if (id === DEFAULT_TEAM) await ensureDefault();
    const [document, tokenAt, slots, unfinished] = await redis.hmget(
      keys.team(id),
      'doc',
      'tokenAt',
      'slots',
      'unfinished',
    );
    if (document == null) return null;
    return Team.parse({
      ...TeamDocument.parse(JSON.parse(document)),
      tokenAt: tokenAt == null ? null : Number(tokenAt),
      limits: ownLimitsOf([slots, unfinished]),
    });
  }

  return {
    get,

    async create({ name, tokenHash }) {
      await ensureDefault();
      const team = TeamDocument.parse({ v: 1, id: ids('team'), name: TeamName.parse(name), createdAt: clock() });
      const answer = await run(
        'createTeam',
        team.createdAt,
        LIMITS.maxTeams,
        team.name,
        team.id,
        JSON.stringify(team),
        tokenHash,
      );
      if (answer === 'team-exists') throw exists(name);
      if (answer === 'too-many-teams')
        throw new SwitchyardError(
          'too-many-teams',
          `This farm has ${LIMITS.maxTeams} teams, which is the most. Remove one first.`,
        );
      return { ...team, tokenAt: team.createdAt, limits: { slots: null, unfinished: null } };
    },

    async find(nameOrId) {
      await ensureDefault();
      const byName = await redis.hget(keys.teamNames, nameOrId);
      const id = TeamId.safeParse(byName ?? nameOrId);
      return id.success ? await get(id.data) : null;
    },

    async list() {
      await ensureDefault();
      const members = z.array(TeamId).parse(await redis.hvals(keys.teamNames));
      const teams = await Promise.all(members.map(get));
      return teams.filter((team) => team !== null).sort((a, b) => a.name.localeCompare(b.name));
    },

    async rename(id, name) {
      const team = await get(id);
      if (team === null) throw notFound(id);
      const document = JSON.stringify(TeamDocument.parse({ ...team, name: TeamName.parse(name) }));
      const answer = await run('renameTeam', clock(), id, name, team.name, document);
      if (answer === 'team-exists') throw exists(name);
      if (answer === 'team-not-found') throw notFound(id);
    },

    async renewToken(id, tokenHash) {
      if ((await run('renewTeamToken', clock(), id, tokenHash)) === 'team-not-found') throw notFound(id);
    },

    async remove(id) {
      if (id === DEFAULT_TEAM)
        throw new SwitchyardError('team-in-use', 'The default team is in every farm and can’t be removed.');
      const [answer, apps] = z
        .tuple([z.enum(['removed', 'team-not-found', 'team-in-use']), z.int().optional()])
        .parse(await run('removeTeam', clock(), id));
      if (answer === 'team-not-found') throw notFound(id);
      if (answer === 'team-in-use')
        throw new SwitchyardError(
          'team-in-use',
          `The team has ${apps} ${apps === 1 ? 'app' : 'apps'}. Delete ${apps === 1 ? 'it' : 'them'} first.`,
        );
    },

    async byToken(tokenHash) {
      return TeamId.nullable().parse(await redis.hget(keys.teamTokens, tokenHash));
    },

    async tokenHashOf(id) {
      return await redis.hget(keys.team(id), 'tokenHash');
    },
  };
}

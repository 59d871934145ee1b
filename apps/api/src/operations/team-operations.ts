import { CreateTeam, NewTeamToken, TeamList, TeamView, UpdateTeam } from '@switchyard/client';
import type { Team } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { z } from 'zod';
import { requireTeam } from '../app-views.ts';
import { NO_BODY, operation } from '../operation.ts';
import { newTeamToken } from '../team-tokens.ts';

const none = z.object({});
const TAG = 'Teams';
const TeamPath = z.object({
  team: z.string().max(64).meta({ description: 'Name or id of the team.', example: 'payments' }),
});

async function view(store: Store, teams: readonly Team[]): Promise<TeamView[]> {
  const apps = await store.apps.list();
  return teams.map(({ v: _v, ...team }) => ({ ...team, apps: apps.filter(({ teamId }) => teamId === team.id).length }));
}

async function viewOne(store: Store, team: Team): Promise<TeamView> {
  const [shown] = await view(store, [team]);
  if (shown === undefined) throw new Error('one team is shown as one');
  return shown;
}

const listTeams = operation({
  id: 'listTeams',
  method: 'get',
  path: '/v1/teams',
  tag: TAG,
  access: 'operator',
  summary: 'List teams',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'All teams, by name.', content: { 'application/json': TeamList } } },
  errors: [],
  async handle({ response }, { store }) {
    response.json({ teams: await view(store, await store.teams.list()) });
  },
});

const createTeam = operation({
  id: 'createTeam',
  method: 'post',
  path: '/v1/teams',
  tag: TAG,
  access: 'operator',
  summary: 'Make a team',
  description:
    'Answers with its token, which is shown this once. Who has it sees and changes the team’s own apps, and nothing of other teams.',
  params: none,
  query: none,
  body: CreateTeam,
  answers: { 201: { description: 'The team and its token.', content: { 'application/json': NewTeamToken } } },
  errors: ['team-exists', 'too-many-teams'],
  async handle({ body, response }, { store }) {
    const { token, tokenHash } = newTeamToken();
    const team = await store.teams.create({ name: body.name, tokenHash });
    response.status(201).json({ team: await viewOne(store, team), token });
  },
});

const updateTeam = operation({
  id: 'updateTeam',
  method: 'patch',
  path: '/v1/teams/{team}',
  tag: TAG,
  access: 'operator',
  summary: 'Rename a team, or change its limits',
  description:
    'A limit that is raised admits at once what waited for it; one that is lowered ends nothing. `null` brings the farm’s default back.',
  params: TeamPath,
  query: none,
  body: UpdateTeam,
  answers: { 200: { description: 'The team.', content: { 'application/json': TeamView } } },
  errors: ['team-not-found', 'team-exists'],
  async handle({ params, body, response }, { store }) {
    const { id } = await requireTeam(store, params.team);
    if (body.name !== undefined) await store.teams.rename(id, body.name);
    if (body.limits !== undefined) await store.limits.setOfTeam(id, body.limits);
    response.json(await viewOne(store, await requireTeam(store, id)));
  },
});

const renewTeamToken = operation({
  id: 'renewTeamToken',
  method: 'post',
  path: '/v1/teams/{team}/token',
  tag: TAG,
  access: 'operator',
  summary: 'Make a new token for a team',
  description: 'It is shown this once. The one before it, and the sessions that it opened, count no more at once.',
  params: TeamPath,
  query: none,
  body: z.strictObject({}),
  answers: { 201: { description: 'The team and its token.', content: { 'application/json': NewTeamToken } } },
  errors: ['team-not-found'],
  async handle({ params, response }, { store }) {
    const { id } = await requireTeam(store, params.team);
    const { token, tokenHash } = newTeamToken();
    await store.teams.renewToken(id, tokenHash);
    response.status(201).json({ team: await viewOne(store, await requireTeam(store, id)), token });
  },
});

const deleteTeam = operation({
  id: 'deleteTeam',
  method: 'delete',
  path: '/v1/teams/{team}',
  tag: TAG,
  access: 'operator',
  summary: 'Remove a team',
  description: 'Refused while it has apps. The default team stays.',
  params: TeamPath,
  query: none,
  body: NO_BODY,
  answers: { 204: { description: 'It is gone, and its token counts no more.' } },
  errors: ['team-not-found', 'team-in-use'],
  async handle({ params, response }, { store }) {
    await store.teams.remove((await requireTeam(store, params.team)).id);
    response.status(204).end();
  },
});

export const teamOperations = [listTeams, createTeam, updateTeam, renewTeamToken, deleteTeam];

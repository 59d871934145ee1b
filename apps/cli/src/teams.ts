import type { NewTeamToken, TeamView } from '@switchyard/client';
import { CommandError, EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { age, table } from './text.ts';

interface Json {
  readonly json?: boolean;
}

export async function listTeams({ client, terminal }: Context, { json }: Json): Promise<number> {
  const teams = await client.teams();
  if (json) terminal.json(teams);
  else for (const line of teamRows(teams, terminal.now())) terminal.print(line);
  return EXIT.ok;
}

export async function createTeam({ client, terminal }: Context, name: string, { json }: Json): Promise<number> {
  return printToken({ terminal }, await client.createTeam({ name }), { json: json === true });
}

export async function renewToken({ client, terminal }: Context, team: string, { json }: Json): Promise<number> {
  return printToken({ terminal }, await client.renewTeamToken(team), { json: json === true });
}

export async function removeTeam({ client, terminal }: Context, team: string): Promise<number> {
  await client.deleteTeam(team);
  terminal.note(`The team ${team} is gone, and its token counts no more.`);
  return EXIT.ok;
}

export async function setTeamLimits(
  { client, terminal }: Context,
  team: string,
  { slots, unfinished, json }: Json & { slots?: string; unfinished?: string },
): Promise<number> {
  const changed = await client.updateTeam(team, {
    limits: {
      ...(slots === undefined ? {} : { slots: limitOf(slots) }),
      ...(unfinished === undefined ? {} : { unfinished: limitOf(unfinished) }),
    },
  });
  if (json) terminal.json(changed);
  else for (const line of teamRows([changed], terminal.now())) terminal.print(line);
  return EXIT.ok;
}

function limitOf(text: string): number | null {
  if (text === 'default') return null;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new CommandError(`A limit is a whole number from 1, or \`default\`; ${JSON.stringify(text)} is neither.`);
}

function printToken({ terminal }: Pick<Context, 'terminal'>, made: NewTeamToken, { json }: { json: boolean }): number {
  if (json) {
    terminal.json(made);
    return EXIT.ok;
  }
  terminal.print(made.token);
  terminal.note(
    `The token of the team ${made.team.name}. It is shown this once: keep it, or make another with \`switchyard teams token ${made.team.name}\`.`,
  );
  return EXIT.ok;
}

function teamRows(teams: readonly TeamView[], nowMs: number): string[] {
  const limit = (value: number | null): string => (value === null ? 'default' : String(value));
  return table([
    ['TEAM', 'APPS', 'SLOTS', 'UNFINISHED', 'TOKEN', 'ID'].map((plain) => ({ plain })),
    ...teams.map(({ id, name, apps, tokenAt, limits }) =>
      [
        name,
        String(apps),
        limit(limits.slots),
        limit(limits.unfinished),
        tokenAt === null ? 'none' : age(tokenAt, nowMs),
        id,
      ].map((plain) => ({ plain })),
    ),
  ]);
}

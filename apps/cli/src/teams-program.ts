import type { Command } from 'commander';
import type { Context } from './commands.ts';
import * as teams from './teams.ts';

interface Limits {
  readonly slots?: string;
  readonly unfinished?: string;
}

/** `switchyard teams …` */
export function addTeams(
  program: Command,
  run: (command: (context: Context) => Promise<number>) => Promise<void>,
): void {
  const group = program.command('teams').description('who owns apps, each with a token (needs the admin token)');
  const withJson = (command: Command): Command => command.option('--json', 'print JSON');

  withJson(group.command('list').description('teams and what they may do at once')).action(
    (options: { json?: boolean }) => run((context) => teams.listTeams(context, options)),
  );
  withJson(group.command('create').description('make a team and print its token, this once').argument('<team>')).action(
    (team: string, options: { json?: boolean }) => run((context) => teams.createTeam(context, team, options)),
  );
  withJson(
    group.command('token').description('make a new token and print it; the old one counts no more').argument('<team>'),
  ).action((team: string, options: { json?: boolean }) => run((context) => teams.renewToken(context, team, options)));
  group
    .command('remove')
    .description('remove a team that has no apps')
    .argument('<team>')
    .action((team: string) => run((context) => teams.removeTeam(context, team)));
  withJson(
    group
      .command('limits')
      .description('change what a team may do at once')
      .argument('<team>')
      .option('--slots <number>', 'stages that run at once, or `default`')
      .option('--unfinished <number>', 'deployments that have not ended, or `default`'),
  ).action((team: string, options: Limits & { json?: boolean }) =>
    run((context) => teams.setTeamLimits(context, team, options)),
  );
}

import type { Command } from 'commander';
import type { Context } from './commands.ts';
import * as source from './source.ts';

/** `switchyard source …` */
export function addSource(
  program: Command,
  run: (command: (context: Context) => Promise<number>) => Promise<void>,
): void {
  const group = program.command('source').description('how an app’s private repository is opened');
  const withJson = (command: Command): Command => command.option('--json', 'print JSON');

  withJson(group.command('show').description('what is set, without what is secret about it').argument('<app>')).action(
    (app: string, options: { json?: boolean }) => run((context) => source.showSource(context, app, options)),
  );
  withJson(
    group
      .command('token')
      .description('open it over https with a token, which is read from standard input')
      .argument('<app>')
      .argument('<source>', '-')
      .option('--username <name>', 'said along with the token; most forges take anything'),
  ).action((app: string, from: string, options: { username?: string; json?: boolean }) =>
    run((context) => source.setToken(context, app, from, options)),
  );
  withJson(
    group
      .command('deploy-key')
      .description('make a key pair for ssh and print its public half, to be entered at the forge')
      .argument('<app>'),
  ).action((app: string, options: { json?: boolean }) => run((context) => source.makeDeployKey(context, app, options)));
  group
    .command('forget')
    .description('delete the token or the key')
    .argument('<app>')
    .action((app: string) => run((context) => source.forgetSource(context, app)));
  withJson(group.command('hosts').description('SSH hosts that the farm has met, with their keys')).action(
    (options: { json?: boolean }) => run((context) => source.listHosts(context, options)),
  );
  group
    .command('forget-host')
    .description('forget the keys of an SSH host, so that the next deployment takes the key that it shows')
    .argument('<host>', 'as `switchyard source hosts` prints it')
    .action((host: string) => run((context) => source.forgetHost(context, host)));
}

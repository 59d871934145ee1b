import { VariableEnvironment, VariableScope } from '@switchyard/domain';
import { type Command, Option } from 'commander';
import type { Context } from './commands.ts';
import * as variables from './variables.ts';

/** `switchyard variables …` */
export function addVariables(
  program: Command,
  run: (command: (context: Context) => Promise<number>) => Promise<void>,
): void {
  const group = program
    .command('variables')
    .description('what an app’s commands find in their environment')
    .addHelpText(
      'after',
      '\nA secret in the command line is seen by every user of this machine. Give it by standard input instead:\n' +
        '  switchyard variables set hello DATABASE_URL - < file\n  switchyard variables import hello .env',
    );

  withEnvironment(
    group.command('list').description('names, and values of those that are not sensitive').argument('<app>'),
  ).action((app: string, options: Settings) => run((context) => variables.listVariables(context, app, options)));
  withSettings(
    group
      .command('set')
      .description(
        'set variables, all or none; NAME - takes the value from standard input, where no other user sees it',
      )
      .argument('<app>')
      .argument('<assignments...>', 'NAME=VALUE, or NAME -'),
  ).action((app: string, words: string[], options: Settings) =>
    run((context) => variables.setVariables(context, app, words, settingsOf(options))),
  );
  withSettings(
    group
      .command('import')
      .description('set all variables of a .env file')
      .argument('<app>')
      .argument('<file>', 'its path, or - for standard input'),
  ).action((app: string, file: string, options: Settings) =>
    run((context) => variables.importVariables(context, app, file, settingsOf(options))),
  );
  withEnvironment(
    group.command('unset').description('delete variables').argument('<app>').argument('<names...>'),
  ).action((app: string, names: string[], options: Settings) =>
    run((context) => variables.unsetVariables(context, app, names, options)),
  );
  withEnvironment(
    group
      .command('versions')
      .description('when a variable was set and deleted; earlier values are not kept')
      .argument('<app>')
      .argument('<name>'),
  ).action((app: string, name: string, options: Settings) =>
    run((context) => variables.listVersions(context, app, name, options)),
  );
}

interface Settings {
  readonly scope?: VariableScope;
  readonly environment?: VariableEnvironment;
  readonly visible?: boolean;
  readonly sensitive?: boolean;
  readonly json?: boolean;
}

const settingsOf = ({ visible, sensitive, ...rest }: Settings): variables.SetOptions => ({
  ...rest,
  ...(visible === true ? { sensitive: false } : sensitive === true ? { sensitive: true } : {}),
});

function withEnvironment(command: Command): Command {
  return command
    .option('--json', 'print JSON')
    .addOption(
      new Option(
        '--environment <environment>',
        'production’s, which is meant when absent, or those of every preview',
      ).choices(VariableEnvironment.options),
    );
}

function withSettings(command: Command): Command {
  return withEnvironment(command)
    .addOption(
      new Option('--scope <scope>', 'who sees it; as it was when absent, both for a new one').choices(
        VariableScope.options,
      ),
    )
    .addOption(new Option('--visible', 'its value may be shown').conflicts('sensitive'))
    .addOption(new Option('--sensitive', 'its value is never shown, as is the rule for a new one'));
}

import { LIMITS } from '@switchyard/domain';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './commands.ts';
import * as running from './running-commands.ts';
import * as settings from './settings.ts';

type Run = (command: (context: Context) => Promise<number>) => Promise<void>;
type Json = { json?: boolean };

/** `switchyard settings …`, `scale`, `stop`, `start` */
export function addSettings(program: Command, run: Run): void {
  const group = program
    .command('settings')
    .description('what is decided for an app: by its settings, switchyard.json, or detection')
    .addHelpText(
      'after',
      '\nA field that is set here wins over switchyard.json, which wins over what is detected (docs/settings.md):\n' +
        '  switchyard settings set hello build="npm run build:prod" health.path=/up\n' +
        '  switchyard settings set hello build=false\n' +
        '  switchyard settings unset hello build',
    );
  withJson(group.command('show').description('every value, and where it comes from').argument('<app>')).action(
    (app: string, options: Json) => run((context) => settings.showSettings(context, app, options)),
  );
  withJson(
    group
      .command('set')
      .description('set fields, all or none')
      .argument('<app>')
      .argument('<assignments...>', 'FIELD=VALUE'),
  ).action((app: string, words: string[], options: Json) =>
    run((context) => settings.setSettings(context, app, words, options)),
  );
  withJson(
    group
      .command('unset')
      .description('clear fields, so that switchyard.json or detection decides them')
      .argument('<app>')
      .argument('<fields...>'),
  ).action((app: string, fields: string[], options: Json) =>
    run((context) => settings.unsetSettings(context, app, fields, options)),
  );

  withJson(
    program
      .command('scale')
      .description('run more or fewer instances, at once')
      .argument('<app>')
      .argument('<replicas>', `1 to ${LIMITS.maxReplicas}`, replicas),
  ).action((app: string, count: number, options: Json) =>
    run((context) => running.scale(context, app, count, options)),
  );
  withJson(
    program
      .command('stop')
      .description('end an app’s instances; visitors are told that it is stopped')
      .argument('<app>'),
  ).action((app: string, options: Json) => run((context) => running.stop(context, app, options)));
  withJson(
    program
      .command('start')
      .description('start what was live when an app was stopped')
      .argument('<app>')
      .option('--no-follow', 'return at once'),
  ).action((app: string, options: Json & { follow: boolean }) =>
    run((context) => running.start(context, app, options)),
  );
}

/** `switchyard pin`, `unpin` */
export function addPins(program: Command, run: Run, number: (text: string) => number): void {
  for (const [name, pinned, what] of [
    ['pin', true, 'keep a release for rollback whatever its age'],
    ['unpin', false, 'keep a release only as long as the settings say'],
  ] as const)
    program
      .command(name)
      .description(what)
      .argument('<app>')
      .argument('<number>', 'the deployment that made it', number)
      .action((app: string, deployment: number) => run((context) => running.pin(context, app, deployment, pinned)));
}

function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}

function replicas(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= LIMITS.maxReplicas) return count;
  throw new InvalidArgumentError(`A number from 1 to ${LIMITS.maxReplicas}. \`switchyard stop\` stops an app.`);
}

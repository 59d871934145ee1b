import { createRequire } from 'node:module';
import { Reuse, STAGES } from '@switchyard/domain';
import { Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import * as commands from './commands.ts';
import { addDiagnose } from './diagnose-program.ts';
import { addDomains } from './domain-commands.ts';
import { DEPLOYMENT } from './find-deployment.ts';
import { addLogs } from './logs-program.ts';
import { addProcesses } from './processes-program.ts';
import { addPins, addSettings } from './settings-program.ts';
import { addSource } from './source-program.ts';
import * as stopping from './stopping-commands.ts';
import { addTeams } from './teams-program.ts';
import type { Terminal } from './terminal.ts';
import { addVariables } from './variables-program.ts';
import * as webhooks from './webhook-commands.ts';

type Run = (command: (context: commands.Context) => Promise<number>) => Promise<void>;
/** For commands that need no api. */
type RunAlone = (command: (terminal: Terminal) => Promise<number>) => Promise<void>;

/** The commands and their options. `run` gives a command what it needs and keeps its exit code. */
export function createProgram(run: Run, runAlone: RunAlone): Command {
  const program = new Command('switchyard')
    .description('Deploys Git repositories and folders, and shows what happens to them.')
    .version(ownVersion(), '-V, --version', 'print the version of this command')
    .showHelpAfterError('(--help says more)')
    .addHelpText(
      'after',
      '\nEnvironment:\n  SWITCHYARD_URL         the api (http://localhost:7070)\n  SWITCHYARD_TOKEN_FILE  a file that holds the token\n  SWITCHYARD_TOKEN       the token itself',
    );

  withFollow(
    program
      .command('deploy')
      .description('deploy an app, or a folder of this machine, and follow it')
      .argument('[app|folder]', 'the app, not needed where there is just one; or a folder: . or ./shop'),
  )
    .option('--ref <ref>', 'branch, tag or commit; the app’s branch when absent')
    .option('--app <name>', 'the app that a folder is; named like the folder when absent')
    .option('--create', 'make the app when there is none')
    .addOption(new Option('--reuse <what>', 'what may come from the cache').choices(Reuse.options))
    .action((word: string | undefined, options: Parameters<typeof commands.deploy>[2]) =>
      run((context) => commands.deploy(context, word, options)),
    );

  const apps = program.command('apps').description('list the apps');
  withJson(apps).action((options: { json?: boolean }) => run((context) => commands.listApps(context, options)));
  withJson(
    apps
      .command('create')
      .description('make an app')
      .argument('<name>', 'lower-case letters, digits and hyphens', checkedName),
  )
    .option('--repository <url>', 'where its source is; without one it is deployed from folders')
    .option('--branch <branch>', 'what is deployed by default; the repository’s own default when absent')
    .action((name: string, options: Parameters<typeof commands.createApp>[2]) =>
      run((context) => commands.createApp(context, name, options)),
    );
  apps
    .command('delete')
    .description('stop an app and forget it')
    .argument('<name>')
    .action((name: string) => run((context) => commands.deleteApp(context, name)));

  addSettings(program, run);
  addPins(program, run, positiveNumber);
  addSource(program, run);
  addTeams(program, run);
  addVariables(program, run);
  addDomains(program, run);

  addLogs(program, run);
  addProcesses(program, run);
  addDiagnose(program, runAlone);

  withJson(
    program
      .command('status')
      .description('what runs, what is live, what failed and why')
      .argument('[app|deployment]', `an app; or a deployment: ${DEPLOYMENT}`),
  ).action((word: string | undefined, options: { json?: boolean }) =>
    run((context) => commands.status(context, word, options)),
  );

  withFollow(program.command('rollback').description('make an earlier release live again').argument('<app>'))
    .option(
      '--to <number>',
      'the deployment whose release it shall be; the newest older one that was live when absent',
      positiveNumber,
    )
    .action((app: string, options: Parameters<typeof commands.rollback>[2]) =>
      run((context) => commands.rollback(context, app, options)),
    );

  withFollow(program.command('restart').description('replace the instances of what is live').argument('<app>')).action(
    (app: string, options: Parameters<typeof commands.restart>[2]) =>
      run((context) => commands.restart(context, app, options)),
  );

  withFollow(
    program
      .command('retry')
      .description('try a deployment again, from the stage that failed')
      .argument('<deployment>', DEPLOYMENT),
  )
    .addOption(new Option('--from <stage>', 'a stage that is done anew with all that follow').choices(STAGES))
    .action((word: string, options: Parameters<typeof commands.retry>[2]) =>
      run((context) => commands.retry(context, word, options)),
    );

  withFollow(program.command('cancel').description('end a deployment').argument('<deployment>', DEPLOYMENT))
    .option('--force', 'end a migration that runs in the middle; asks first')
    .option('--yes', 'do not ask')
    .action((word: string, options: Parameters<typeof stopping.cancel>[2]) =>
      run((context) => stopping.cancel(context, word, options)),
    );

  withJson(
    program
      .command('resume')
      .description(
        'lift a hold: after a rollback, or once the database was looked at after a migration that ended in the middle',
      )
      .argument('<app>'),
  ).action((app: string, options: { json?: boolean }) => run((context) => stopping.resume(context, app, options)));

  withJson(
    program
      .command('webhook')
      .description('make a new webhook secret and print it with the URLs to enter')
      .argument('<app>'),
  ).action((app: string, options: { json?: boolean }) => run((context) => webhooks.webhook(context, app, options)));

  withJson(
    program.command('deliveries').description('list the webhook deliveries and what became of them').argument('<app>'),
  ).action((app: string, options: { json?: boolean }) => run((context) => webhooks.deliveries(context, app, options)));

  return program;
}

function withJson(command: Command): Command {
  return command.option('--json', 'print JSON');
}

function withFollow(command: Command): Command {
  return withJson(command.option('--no-follow', 'return at once'));
}

function positiveNumber(text: string): number {
  if (/^#?[1-9]\d{0,8}$/.test(text)) return Number(text.replace('#', ''));
  throw new InvalidArgumentError('A deployment’s number, such as 3.');
}

function checkedName(text: string): string {
  try {
    return commands.appNameArgument(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function ownVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('../package.json');
  return z.object({ version: z.string() }).parse(manifest).version;
}

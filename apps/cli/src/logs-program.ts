import { InstanceId, LIMITS, StageName } from '@switchyard/domain';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CommandError } from './command-error.ts';
import type { Context } from './commands.ts';
import * as commands from './commands.ts';
import { DEPLOYMENT } from './find-deployment.ts';
import { printOutput } from './output.ts';

const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

interface LogsOptions {
  readonly app?: string;
  readonly follow?: boolean;
  readonly stage?: StageName;
  readonly tail?: number;
  readonly since?: number | Date;
  readonly instance?: string;
  readonly deployment?: number;
  readonly times?: boolean;
}

/** `switchyard logs DEPLOYMENT`: how it was made. `switchyard logs --app APP`: what it prints. */
export function addLogs(
  program: Command,
  run: (command: (context: Context) => Promise<number>) => Promise<void>,
): void {
  program
    .command('logs')
    .description('print the log of a deployment, or with --app what a running app prints')
    .argument('[deployment]', DEPLOYMENT)
    .option('-f, --follow', 'go on: until the deployment ends, or until Ctrl-C')
    .addOption(new Option('--stage <stage>', 'of one stage of the deployment only').choices(StageName.options))
    .option('-a, --app <app>', 'what the instances of this app print')
    .option('-n, --tail <lines>', `with --app: the last lines (${LIMITS.outputTailLines})`, lineCount)
    .option('--since <time>', 'with --app: from then on, such as 10m, 2h, or 2026-11-24T12:00:00Z', moment)
    .option('--instance <id>', 'with --app: of one instance only', instanceId)
    .option('--deployment <number>', 'with --app: of the instances of one deployment only', deploymentNumber)
    .option('-t, --times', 'with --app: when, which deployment and which instance, before each line')
    .action((word: string | undefined, options: LogsOptions) => run((context) => logs(context, word, options)));
}

async function logs(context: Context, word: string | undefined, options: LogsOptions): Promise<number> {
  const { app, follow, stage, since, ...wanted } = options;
  if (app === undefined) {
    if (word === undefined) throw new CommandError('Which log? Name a deployment, or an app with --app.');
    if (since !== undefined || Object.keys(wanted).length > 0)
      throw new CommandError('--tail, --since, --instance, --deployment and --times go with --app.');
    return await commands.logs(context, word, {
      ...(follow === undefined ? {} : { follow }),
      ...(stage === undefined ? {} : { stage }),
    });
  }
  if (word !== undefined || stage !== undefined)
    throw new CommandError('--app asks for what the app prints; leave the deployment and --stage out.');
  const from = typeof since === 'number' ? context.terminal.now() - since : since?.getTime();
  return await printOutput(context, app, { ...wanted, since: from, follow: follow === true });
}

function lineCount(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) <= LIMITS.maxOutputTailLines) return Number(text);
  throw new InvalidArgumentError(`A number of lines, at most ${LIMITS.maxOutputTailLines}.`);
}

/** Milliseconds ago, or a time. */
function moment(text: string): number | Date {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count !== undefined && (unit === 's' || unit === 'm' || unit === 'h' || unit === 'd'))
    return Number(count) * UNITS_MS[unit];
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('A time such as 10m, 2h, or 2026-11-24T12:00:00Z.');
  return time;
}

function instanceId(text: string): string {
  if (InstanceId.safeParse(text).success) return text;
  throw new InvalidArgumentError('The id of an instance (ins_…); `switchyard status APP` lists them.');
}

function deploymentNumber(text: string): number {
  if (/^#?[1-9]\d{0,8}$/.test(text)) return Number(text.replace('#', ''));
  throw new InvalidArgumentError('A deployment’s number, such as 3.');
}

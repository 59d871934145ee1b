import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { diagnosisLines, printable } from '@switchyard/client';
import { diagnoseOutput, telling, testCase } from '@switchyard/diagnose';
import { LIMITS, StageName } from '@switchyard/domain';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CommandError, EXIT } from './command-error.ts';
import type { Terminal } from './terminal.ts';

interface DiagnoseOptions {
  readonly stage?: StageName;
  readonly exit?: number;
  readonly json?: boolean;
  readonly testCase?: string;
}

/** `switchyard diagnose FILE`: what a saved output means; needs no installation. */
export function addDiagnose(
  program: Command,
  run: (command: (terminal: Terminal) => Promise<number>) => Promise<void>,
): void {
  program
    .command('diagnose')
    .description('say what a saved output of a failed command means, and what to do; needs no api')
    .argument('<file>', 'the output; - reads it from stdin')
    .addOption(
      new Option('--stage <stage>', 'the stage that printed it; guessed when absent').choices(StageName.options),
    )
    .option('--exit <code>', 'the exit code of the command; 0 means that nothing failed', exitCode)
    .option('--json', 'print {cause, stage, details, evidence, …}; cause is null where nothing failed or is recognised')
    .option('--test-case <name>', 'print a sample for the tests of packages/diagnose, to fill in')
    .action((file: string, options: DiagnoseOptions) => run((terminal) => diagnose(terminal, file, options)));
}

async function diagnose(terminal: Terminal, file: string, options: DiagnoseOptions): Promise<number> {
  const output = await outputIn(file);
  const { stage, diagnosis } = diagnoseOutput({ output, stage: options.stage ?? null, exitCode: options.exit ?? null });
  if (options.testCase !== undefined) terminal.print(testCase(options.testCase, stage, output, diagnosis));
  else if (options.json === true) {
    const { cause = null, details = {}, evidence = [], ...rest } = diagnosis ?? {};
    terminal.json({
      cause,
      stage,
      details,
      evidence,
      ...rest,
      ...(diagnosis === null ? { telling: telling(output) } : {}),
    });
  } else if (diagnosis !== null) for (const line of diagnosisLines(diagnosis, terminal.colors)) terminal.print(line);
  else if (options.exit === 0) terminal.print('Nothing failed.');
  else {
    terminal.print('Not recognised. The lines that tell most:');
    for (const one of telling(output)) terminal.print(`${String(one.line).padStart(7)} │ ${printable(one.text)}`);
    terminal.note('`--stage` and `--exit` help; `--test-case NAME` makes a sample of it for a new rule.');
  }
  return EXIT.ok;
}

/** The head and the tail of a long file: what is between is never asked for. */
async function outputIn(file: string): Promise<string> {
  let output: string;
  try {
    output = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new CommandError(`${file} can’t be read (${code}).`);
  }
  const { diagnosisHeadBytes: head, diagnosisTailBytes: tail } = LIMITS;
  return output.length <= head + tail ? output : `${output.slice(0, head)}\n${output.slice(-tail)}`;
}

function exitCode(word: string): number {
  if (/^\d{1,3}$/.test(word)) return Number(word);
  throw new InvalidArgumentError('An exit code, such as 1.');
}

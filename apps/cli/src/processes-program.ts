import { type Command, InvalidArgumentError } from 'commander';
import type { Context } from './commands.ts';
import * as processes from './processes.ts';

type Run = (command: (context: Context) => Promise<number>) => Promise<void>;

/** `processes` and what one of Switchyard's own processes may be told. */
export function addProcesses(program: Command, run: Run): void {
  const list = program
    .command('processes')
    .description('list Switchyard’s own processes, or tell one to leave')
    .option('--json', 'print JSON');
  list.action((options: { json?: boolean }) => run((context) => processes.listProcesses(context, options)));

  const order = (name: string, description: string): Command =>
    list
      .command(name)
      .description(description)
      .argument('<process>', 'its id, or the beginning of it')
      .option('--json', 'print JSON');

  order('quiet', 'give it nothing new; it goes on with what it has').action(
    (word: string, options: processes.EndOptions) => run((context) => processes.quietProcess(context, word, options)),
  );
  order('drain', 'let it end what it has in hand, hand back the rest, and leave')
    .option('--deadline <time>', 'how long that may take: 90s, 20m, 1h; its own setting when absent', duration)
    .option('--wait', 'return when it has gone')
    .action((word: string, options: processes.EndOptions & { deadline?: number }) =>
      run((context) => processes.drainProcess(context, word, options)),
    );
  order('kill', 'end it at once; what it had in hand is taken over')
    .option('--wait', 'return when it counts as gone')
    .action((word: string, options: processes.EndOptions) =>
      run((context) => processes.killProcess(context, word, options)),
    );
}

function duration(text: string): number {
  const ms = processes.parseDuration(text);
  if (ms === null) throw new InvalidArgumentError('A time such as 90s, 20m or 1h.');
  return ms;
}

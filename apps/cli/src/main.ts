#!/usr/bin/env node
import { EXIT } from './command-error.ts';
import { explain } from './explain.ts';
import { systemTerminal } from './terminal.ts';

const terminal = systemTerminal();
try {
  // Late: commander takes longer to load than all of this.
  const { createProgram } = await import('./program.ts');
  const { connect } = await import('./connect.ts');
  const program = createProgram(
    async (command) => {
      process.exitCode = await command({ client: await connect(), terminal });
    },
    async (command) => {
      process.exitCode = await command(terminal);
    },
  );
  await program.parseAsync();
} catch (error) {
  terminal.note(explain(error, terminal.colors));
  process.exitCode = EXIT.failed;
}

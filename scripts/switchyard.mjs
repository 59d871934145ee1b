import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Failure, main } from './process/failure.mjs';
import { root } from './process/root.mjs';
import { ensureBuilt } from './setup/build.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { beSilent } from './setup/say.mjs';

const cli = join(root, 'apps', 'cli', 'dist', 'main.js');

// Only when it is missing: a command must answer at once, and print nothing but its own output.
if (!existsSync(cli) || !existsSync(join(root, 'node_modules', '.modules.yaml'))) {
  await main(async () => {
    beSilent();
    requirePrerequisites();
    await ensurePackages();
    await ensureBuilt();
    if (!existsSync(cli)) throw new Failure('The build left no apps/cli/dist/main.js; `npm run build` shows why.');
  });
}
if (!process.exitCode) {
  // In this very process: no second Node to start, and the terminal, its signals and the exit code are the command's own.
  process.argv[1] = cli;
  await import(pathToFileURL(cli).href);
}

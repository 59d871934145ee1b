import { join } from 'node:path';
import { main } from './process/failure.mjs';
import { root } from './process/root.mjs';
import { run } from './process/run.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { ensureTool } from './setup/tools.mjs';

/** `npm run simulate -- [--seed N | --seeds N [--from K] | --planted]`; docs/simulation.md says what it does. */
await main(async () => {
  requirePrerequisites();
  await ensurePackages();
  await ensureTool('redis');
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const file = join(root, 'tests', 'simulation', 'main.ts');
  const { code } = await run(process.execPath, [tsx, '-C', '@switchyard/source', file, ...process.argv.slice(2)], {
    interrupt: 'child',
  });
  return code;
});

import { join } from 'node:path';
import { main } from './process/failure.mjs';
import { root } from './process/root.mjs';
import { run } from './process/run.mjs';
import { ensureBuilt } from './setup/build.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { ensureTool } from './setup/tools.mjs';

/** `npm run chaos [-- --seed N] [--pushes N] [--only workers|others|pauses|takeovers]`: the long form of tests/chaos. */
await main(async () => {
  requirePrerequisites();
  await ensurePackages();
  await ensureTool('redis');
  await ensureBuilt();
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const { code } = await run(process.execPath, [tsx, join('tests', 'chaos', 'long.ts'), ...process.argv.slice(2)]);
  return code;
});

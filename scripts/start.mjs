import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, main } from './process/failure.mjs';
import { root } from './process/root.mjs';
import { environment, run } from './process/run.mjs';
import { ensureBuilt } from './setup/build.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { ensureTool } from './setup/tools.mjs';

const embedded = join(root, 'apps', 'embedded', 'dist', 'main.js');

await main(async () => {
  requirePrerequisites();
  await ensurePackages();
  if (!process.env.REDIS_URL) await ensureTool('redis');
  await ensureBuilt();
  if (!existsSync(embedded))
    throw new Failure('The build left no apps/embedded/dist/main.js; `npm run build` shows why.');
  const { code } = await run(process.execPath, [embedded, ...process.argv.slice(2)], {
    env: environment(),
    interrupt: 'child',
  });
  return code;
});

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, main } from './process/failure.mjs';
import { root } from './process/root.mjs';
import { run } from './process/run.mjs';
import { ensureBuilt } from './setup/build.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { ensureTool } from './setup/tools.mjs';

const directory = join(root, 'bench');

/** A benchmark is a file directly in `bench/`: `deploy.ts` is run by `npm run bench -- deploy`. */
function benchmarks() {
  const files = readdirSync(directory).filter((file) => /\.(mjs|ts)$/.test(file) && !/\.(test|d)\.ts$/.test(file));
  return new Map(files.map((file) => [file.replace(/\.(mjs|ts)$/, ''), join(directory, file)]));
}

await main(async () => {
  const [name, ...args] = process.argv.slice(2);
  const all = benchmarks();
  const names = [...all.keys()].sort().join(', ') || 'none yet';
  const file = name ? all.get(name) : undefined;
  if (!file) {
    throw new Failure(
      `${name ? `There is no benchmark "${name}".` : 'Usage: npm run bench -- NAME [--json]'}\nBenchmarks: ${names}`,
    );
  }
  requirePrerequisites();
  await ensurePackages();
  await ensureTool('redis');
  await ensureBuilt();
  const tsx = join(root, 'node_modules', 'tsx', 'dist', 'cli.mjs');
  const command = file.endsWith('.ts') && existsSync(tsx) ? [tsx, file] : [file];
  const { code } = await run(process.execPath, [...command, ...args]);
  return code;
});

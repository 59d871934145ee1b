import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureEngine, ping } from './engine.mjs';
import { exitCodeOfSignal, Failure, main } from './process/failure.mjs';
import { root } from './process/root.mjs';
import { run, runOrFail } from './process/run.mjs';
import { ensureBuilt } from './setup/build.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { say } from './setup/say.mjs';
import { ensureTool } from './setup/tools.mjs';
import { hasTests, tiers } from './tiers.mjs';

const IMAGE_TIMEOUT_MS = 10 * 60_000;

/**
 * `node scripts/test.mjs [--all | --tier NAME] [vitest's arguments]`. With SWITCHYARD_REPORTS set, each tier leaves a `tests-NAME.json` in
 * that directory.
 */
function parse(args) {
  const at = args.indexOf('--tier');
  const named = at < 0 ? [] : args.splice(at, 2).slice(1);
  const all = args.includes('--all');
  const names = all ? Object.keys(tiers) : named.length > 0 ? named : ['default'];
  const unknown = names.find((name) => !(name in tiers));
  if (unknown) throw new Failure(`There is no tier "${unknown}". Tiers: ${Object.keys(tiers).join(', ')}`);
  return { names, vitestArgs: args.filter((arg) => arg !== '--all') };
}

/** Everything that a tier's tests find ready; returns what puts it away again. */
async function prepare(name) {
  const { tools, engine, images = [] } = tiers[name];
  const hasEngine = engine && (await ping()) !== null;
  for (const tool of tools) {
    if (!(tool === 'docker' && hasEngine)) await ensureTool(tool);
  }
  if (!engine) return async () => {};
  const { stop, started } = await ensureEngine().catch((error) => {
    throw new Failure(error.message);
  });
  if (started) say('started a Docker engine for these tests; it is stopped when they are over');
  try {
    if (existsSync(join(root, 'scripts', 'base-image.mjs'))) {
      await runOrFail(process.execPath, ['scripts/base-image.mjs', ...images], {
        output: 'stderr',
        timeoutMs: IMAGE_TIMEOUT_MS,
        failure: `The base images (${images.join(', ')}) could not be made.`,
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function runTier(name, vitestArgs) {
  if (!hasTests(name)) {
    console.log(`There are no tests of the tier "${name}" yet.`);
    return 0;
  }
  const putAway = await prepare(name);
  try {
    const reports = process.env.SWITCHYARD_REPORTS;
    const reporting = reports
      ? ['--reporter=default', '--reporter=json', `--outputFile.json=${join(reports, `tests-${name}.json`)}`]
      : [];
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
    const ended = await run(process.execPath, [vitest, 'run', '--project', name, ...reporting, ...vitestArgs], {
      interrupt: 'child',
    });
    if (ended.interrupted) throw new Failure('', exitCodeOfSignal(ended.interrupted));
    return ended.code;
  } finally {
    await putAway();
  }
}

await main(async () => {
  const { names, vitestArgs } = parse(process.argv.slice(2));
  requirePrerequisites();
  await ensurePackages();
  await ensureBuilt();
  let failed = 0;
  for (const name of names) {
    if (names.length > 1) console.log(`\n== ${name}`);
    try {
      if ((await runTier(name, vitestArgs)) !== 0) failed += 1;
    } catch (error) {
      if (!(error instanceof Failure) || !error.message) throw error;
      // One tier's missing tool does not keep the others from running.
      console.error(error.message);
      failed += 1;
    }
  }
  return failed === 0 ? 0 : 1;
});

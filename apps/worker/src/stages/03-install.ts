import type { Inputs } from '../cache-key.ts';
import { lookUp } from '../stage-cache.ts';
import { COMMAND_ENVIRONMENT } from './command-environment.ts';
import { runCommands } from './run-commands.ts';
import { sourceTree } from './source-tree.ts';
import { planOf, required, type Stage, type StageContext } from './stage.ts';

/** Content fingerprints of the files that install sees, by path; null for one that is not there. */
async function fingerprints(context: StageContext, paths: readonly string[]): Promise<Inputs> {
  const tree = sourceTree(context);
  const pairs = await Promise.all(
    paths.map(async (path) => [path, await tree.fingerprint(path.replace(/\/$/, ''))] as const),
  );
  return Object.fromEntries(pairs);
}

/** Installs the dependencies. The command sees only its declared inputs, so that equal inputs give an equal result. */
export const install: Stage = async (context) => {
  const { deployment, platform, variables, log, signal } = context;
  const plan = planOf(context);
  if (plan.install === null) return { kind: 'skipped', note: 'There are no dependencies to install.' };
  const { command, inputs } = plan.install;

  const toolchain = { runtime: plan.runtime, packageManager: plan.packageManager };
  const resolved = await platform.prepare(toolchain, { signal, onOutput: (chunk) => log.output(chunk) });
  const look = await lookUp(context, {
    stage: 'install',
    prefix: 'dep',
    inputs: {
      ...(await fingerprints(context, inputs)),
      'the plan’s version': String(plan.v),
      'the toolchain': resolved.description,
      'the machine’s kind': resolved.target,
      'the install command': command,
      'the root directory': plan.root,
      'the environment': JSON.stringify(COMMAND_ENVIRONMENT),
      ...variables.buildInputs(),
    },
  });
  if (look.kind === 'awaits') return look;
  if (look.found !== null) {
    log.say(`Reused: ${look.reused}.`);
    await look.remember();
    return { kind: 'succeeded', cache: look.cache, artifacts: { dependencies: look.found } };
  }

  log.say(`Installing, since ${look.cache.because ?? 'there is no earlier result'}.`);
  const result = await runCommands(
    context,
    {
      layers: [{ snapshot: required(deployment.artifacts.source, 'source'), only: inputs }],
      commands: [command],
      root: plan.root,
      toolchain,
      publish: look.key,
    },
    look.lastKey,
  );
  if ('kind' in result) return result;
  await look.remember();
  return { kind: 'succeeded', cache: look.cache, artifacts: { dependencies: result } };
};

import { lookUp } from '../stage-cache.ts';
import { buildEnvironment, COMMAND_ENVIRONMENT, systemInputs } from './command-environment.ts';
import { runCommands } from './run-commands.ts';
import { sourceTree } from './source-tree.ts';
import { planOf, required, type Stage } from './stage.ts';

/** Puts source and dependencies together and runs the build on them. */
export const build: Stage = async (context) => {
  const { deployment, platform, variables, log, signal } = context;
  const plan = planOf(context);
  const { dependencies } = deployment.artifacts;
  const source = required(deployment.artifacts.source, 'source');
  if (plan.build === null && dependencies === undefined)
    return { kind: 'skipped', note: 'There is nothing to build: the source is served as it is.' };

  const commands = plan.build === null ? [] : [...plan.build.lifecycle, plan.build.command];
  const toolchain = { runtime: plan.runtime, packageManager: plan.packageManager };
  const resolved = await platform.prepare(toolchain, { signal, onOutput: (chunk) => log.output(chunk) });
  const tree = await sourceTree(context).fingerprint('.');
  const system = buildEnvironment(context);
  const look = await lookUp(context, {
    stage: 'build',
    prefix: 'bld',
    inputs: {
      'the source': tree ?? required(deployment.commit, 'commit').sha,
      'the dependencies': dependencies?.key ?? null,
      'the plan’s version': String(plan.v),
      'the toolchain': resolved.description,
      'the machine’s kind': resolved.target,
      'the build commands': JSON.stringify(commands),
      'the root directory': plan.root,
      'the environment': JSON.stringify(COMMAND_ENVIRONMENT),
      ...systemInputs(system),
      ...variables.buildInputs(),
    },
  });
  if (look.kind === 'awaits') return look;
  if (look.found !== null) {
    log.say(`Reused: ${look.reused}.`);
    await look.remember();
    return { kind: 'succeeded', cache: look.cache, artifacts: { build: look.found } };
  }

  if (commands.length > 0) log.say(`Building, since ${look.cache.because ?? 'there is no earlier result'}.`);
  const result = await runCommands(
    context,
    {
      layers: [...(dependencies === undefined ? [] : [{ snapshot: dependencies }]), { snapshot: source }],
      commands,
      root: plan.root,
      toolchain,
      publish: look.key,
      system,
    },
    look.lastKey,
  );
  if ('kind' in result) return result;
  await look.remember();
  return {
    kind: 'succeeded',
    cache: look.cache,
    artifacts: { build: result },
    ...(commands.length === 0
      ? { note: 'There is no build command: source and dependencies were only put together.' }
      : {}),
  };
};

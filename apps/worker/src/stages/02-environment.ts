import { detect } from '@switchyard/detect';
import { missingVariables, Plan, variablesMissing } from '@switchyard/domain';
import { sourceTree } from './source-tree.ts';
import type { Stage, StageContext } from './stage.ts';

function explain(plan: Plan, log: StageContext['log']): void {
  for (const { subject, choice, decider, because } of plan.reasons) {
    const by = decider === 'detected' ? '' : decider === 'file' ? ' (switchyard.json)' : ' (settings)';
    log.say(`${subject}: ${choice}${by}, ${because}`);
  }
  for (const warning of plan.warnings) log.say(`Warning: ${warning}`);
}

/** Asked before anything is done: all that is missing is said at once. */
function checkVariables({ variables, app, environment }: StageContext, { requiredVariables = [] }: Plan): void {
  if (requiredVariables.length === 0) return;
  const missing = missingVariables(requiredVariables, variables.names());
  if (missing.length > 0) throw variablesMissing(missing, { app: app.name, environment: environment.name });
}

/** Decides how the app is installed, built and run, and makes its runtime ready. */
export const environment: Stage = async (context) => {
  const { deployment, platform, log, signal } = context;
  // What is written here is read by everybody: a plan that can't be read again would leave the deployment in nobody's hands.
  const plan = Plan.parse(await detect(sourceTree(context), deployment.settings?.values ?? {}));
  explain(plan, log);
  checkVariables(context, plan);
  const { runtime, packageManager } = plan;
  const title = plan.framework ?? (plan.language === 'static' ? 'Static files' : null);
  const needsRuntime =
    plan.start.kind === 'command' || plan.install !== null || plan.build !== null || plan.migrate !== null;
  if (!needsRuntime) return { kind: 'succeeded', plan, note: `${title ?? 'Node'}, no runtime needed.` };

  const { description } = await platform.prepare(
    { runtime, packageManager },
    { signal, onOutput: (chunk) => log.output(chunk) },
  );
  log.say(`Ready: ${description}.`);
  return { kind: 'succeeded', plan, note: title === null ? `${description}.` : `${title} on ${description}.` };
};

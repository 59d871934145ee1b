import { SwitchyardError } from './errors.ts';
import type { Plan } from './plan.ts';
import { variableEnvironmentOf } from './variables.ts';

type Required = NonNullable<Plan['requiredVariables']>;

/** Those of the required variables that are not set, in their order. */
export function missingVariables(required: Required, names: readonly string[]): Required {
  return required.filter(({ name }) => !names.includes(name));
}

/** One error that names all of them, and the command that sets them. */
export function variablesMissing(
  missing: Required,
  { app, environment }: { app: string; environment: string },
): SwitchyardError {
  const list = missing.map(({ name, description }) => (description === null ? name : `${name} (${description})`));
  const names = missing.map(({ name }) => name);
  const scope = variableEnvironmentOf({ name: environment });
  const option = scope === 'production' ? '' : ' --environment preview';
  const assignments = names.map((name) => `${name}=…`).join(' ');
  return new SwitchyardError(
    'variables-missing',
    `${list.join(', ')} ${names.length === 1 ? 'is' : 'are'} required and not set for ${scope}. Set ${names.length === 1 ? 'it' : 'them'}: \`switchyard variables set ${app} ${assignments}${option}\`, or \`switchyard variables import ${app} .env${option}\`; then deploy again.`,
    { missing: names, environment: scope },
  );
}

import { z } from 'zod';
import type { AppId, EnvironmentId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { refusalOfName } from './system-variables.ts';

/** Where a variable is seen: by install and build commands, by migrations and instances, or by all of them. */
export const VariableScope = z.enum(['build', 'run', 'both']);
export type VariableScope = z.infer<typeof VariableScope>;

/** Which environments of an app have it: production, or every preview. */
export const VariableEnvironment = z.enum(['production', 'preview']);
export type VariableEnvironment = z.infer<typeof VariableEnvironment>;

/** A name that an app's variable may have. */
export const VariableName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
    'a name of letters, digits and underscores, not beginning with a digit, at most 128 characters',
  )
  .superRefine((name, context) => {
    const refusal = refusalOfName(name);
    if (refusal !== null) context.addIssue({ code: 'custom', message: refusal });
  })
  .meta({ example: 'DATABASE_URL' });

/** Whose variables they are: an environment's own, or those that all previews of an app have. */
export type VariableOwner = EnvironmentId | AppId;

/**
 * Which variables an environment gets. A preview gets those for previews and none of production's: what a branch or a fork runs must not
 * see production's secrets, nor write to its database.
 */
export function variableOwnerOf(environment: { id: EnvironmentId; appId: AppId; name: string }): VariableOwner {
  return variableEnvironmentOf(environment) === 'production' ? environment.id : environment.appId;
}

export function variableEnvironmentOf({ name }: { name: string }): VariableEnvironment {
  return name === 'production' ? 'production' : 'preview';
}

const encoder = new TextEncoder();

/** A value that an environment can hold. */
export const VariableValue = z
  .string()
  .refine((value) => !value.includes('\0'), 'a value can’t hold a NUL character')
  .refine(
    (value) => encoder.encode(value).length <= LIMITS.maxVariableBytes,
    `a value may have ${LIMITS.maxVariableBytes} bytes at most`,
  );

/** A variable of an app without its value. */
export const Variable = z.object({
  v: z.literal(1),
  name: z.string(),
  scope: VariableScope,
  environment: VariableEnvironment,
  /** Its value is never answered, and masked wherever it might be shown. */
  sensitive: z.boolean(),
  /** Counts the changes of its environment's variables: the newest has the highest. */
  version: z.int().positive(),
  /** Milliseconds since the epoch. */
  updatedAt: z.int().nonnegative(),
});
export type Variable = z.infer<typeof Variable>;

/** What is kept: the value only as the farm's secret key has sealed it. */
export const SealedVariable = Variable.extend({ sealed: z.string() });
export type SealedVariable = z.infer<typeof SealedVariable>;

/** A change of a variable, without any value: earlier values are not kept. */
export const VariableVersion = z.object({
  v: z.literal(1),
  name: z.string(),
  /** As in `Variable`. */
  version: z.int().positive(),
  createdAt: z.int().nonnegative(),
  /** Whether it was deleted. Scope and sensitivity are null then. */
  removed: z.boolean(),
  scope: VariableScope.nullable(),
  sensitive: z.boolean().nullable(),
});
export type VariableVersion = z.infer<typeof VariableVersion>;

/** The versions of one variable, newest first: those that were recorded, and the present one where it was set before any were. */
export function versionsOf(
  name: string,
  recorded: readonly VariableVersion[],
  present: readonly Variable[],
): VariableVersion[] {
  const versions = recorded.filter((version) => version.name === name);
  const now = present.find((variable) => variable.name === name);
  if (now !== undefined && !versions.some(({ version }) => version === now.version)) {
    const { version, updatedAt: createdAt, scope, sensitive } = now;
    versions.push({ v: 1, name, version, createdAt, removed: false, scope, sensitive });
  }
  return versions.sort((a, b) => b.version - a.version);
}

/** Only ever in the memory of a process. */
export interface OpenVariable extends Variable {
  readonly value: string;
}

/** Names and values for the environment of a command: those of `both` and of the given scope. */
export function environmentOf(
  variables: readonly OpenVariable[],
  scope: Exclude<VariableScope, 'both'>,
): Record<string, string> {
  const seen = variables.filter((variable) => variable.scope === 'both' || variable.scope === scope);
  return Object.fromEntries(seen.map(({ name, value }) => [name, value]));
}

/** Values that nothing may show. */
export function secretsOf(variables: readonly OpenVariable[]): string[] {
  return variables.filter(({ sensitive }) => sensitive).map(({ value }) => value);
}

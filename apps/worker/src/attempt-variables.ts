import {
  databaseAddresses,
  environmentOf,
  type OpenVariable,
  type SealedVariable,
  SwitchyardError,
  secretsOf,
} from '@switchyard/domain';
import { openVariables, type Place, type SecretBox } from '@switchyard/service';
import type { Inputs } from './cache-key.ts';

/** The app's variables as they were when the attempt began. */
export interface AttemptVariables {
  /** Values that nothing may show. */
  readonly secrets: readonly string[];
  /** Of any scope. Throws `variables-unreadable`. */
  names(): string[];
  /** Their names by where they are set; null where they can't be read. */
  readonly scopes: { readonly build: readonly string[]; readonly run: readonly string[] } | null;
  /** For the environment of install and build commands. Throws `variables-unreadable`. */
  build(): Readonly<Record<string, string>>;
  /** The same as inputs of a cache key, which shows no value. Throws `variables-unreadable`. */
  buildInputs(): Inputs;
  /** The same of what migrations and instances get. Throws `variables-unreadable`. */
  runInputs(): Inputs;
  /** Names of the databases that the variables of migrations name, which show no address. Throws `variables-unreadable`. */
  databases(): string[];
  /** Throws `variables-unreadable` where the runner could not open them either. */
  check(): void;
}

/**
 * Those that can't be opened (or read: `sealed` is the reason then) fail the stages that need them, and no other: a cleanup is done
 * without.
 */
export function attemptVariables(
  box: SecretBox,
  place: Omit<Place, 'name'>,
  sealed: readonly SealedVariable[] | SwitchyardError,
): AttemptVariables {
  let opened: readonly OpenVariable[] | SwitchyardError;
  try {
    opened = sealed instanceof SwitchyardError ? sealed : openVariables(box, place, sealed);
  } catch (error) {
    if (!(error instanceof SwitchyardError)) throw error;
    opened = error;
  }
  const readable = (): readonly OpenVariable[] => {
    if (opened instanceof SwitchyardError) throw opened;
    return opened;
  };
  const build = (): Record<string, string> => environmentOf(readable(), 'build');
  const inputsOf = (variables: Readonly<Record<string, string>>): Inputs =>
    Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [
        `the variable ${name}`,
        box.fingerprint(JSON.stringify([place.appId, place.environmentId, name, value])),
      ]),
    );
  return {
    secrets: opened instanceof SwitchyardError ? [] : secretsOf(opened),
    scopes:
      opened instanceof SwitchyardError
        ? null
        : { build: Object.keys(environmentOf(opened, 'build')), run: Object.keys(environmentOf(opened, 'run')) },
    names: () => readable().map(({ name }) => name),
    build,
    buildInputs: () => inputsOf(build()),
    runInputs: () => inputsOf(environmentOf(readable(), 'run')),
    databases: () =>
      databaseAddresses(environmentOf(readable(), 'run')).map((address) =>
        box.fingerprint(JSON.stringify(['database', address])),
      ),
    check: () => void readable(),
  };
}

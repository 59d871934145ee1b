import { STAGE_CONSTANTS, type SystemVariableName } from '@switchyard/domain';
import type { Inputs } from '../cache-key.ts';
import type { StageContext } from './stage.ts';

/**
 * The environment of install and build commands. NODE_ENV is left unset: with `production` package managers leave out the development
 * dependencies that a build needs; the app itself runs with `production`. Nothing here differs from one deployment to the next, since
 * all of it is part of the cache keys.
 */
export const COMMAND_ENVIRONMENT = STAGE_CONSTANTS;

/** What a build knows besides of where its result will run. */
export function buildEnvironment({
  app,
  environment,
  url,
}: Pick<StageContext, 'app' | 'environment' | 'url'>): Partial<Record<SystemVariableName, string>> {
  return { SWITCHYARD_APP: app.name, SWITCHYARD_ENVIRONMENT: environment.name, SWITCHYARD_URL: url };
}

/** The same as inputs of a cache key. */
export function systemInputs(variables: Partial<Record<SystemVariableName, string>>): Inputs {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [`the variable ${name}`, value]));
}

import { SetVariable, SetVariables, VariableList, VariableVersionList, VariableView } from '@switchyard/client';
import {
  type App,
  LIMITS,
  parseDotenv,
  type SealedVariable,
  SwitchyardError,
  VariableEnvironment,
  VariableName,
  type VariableOwner,
  type VariableScope,
  VariableValue,
  versionsOf,
} from '@switchyard/domain';
import { z } from 'zod';
import { requireApp, requireProduction } from '../app-views.ts';
import { NO_BODY, operation } from '../operation.ts';
import type { ApiParts } from '../parts.ts';
import { invalidInput } from '../problems.ts';
import { AppPath } from './app-operations.ts';

const VariablePath = AppPath.extend({ name: VariableName });
const ERRORS = ['app-not-found', 'too-many-variables'] as const;

const OfEnvironment = z.object({
  environment: VariableEnvironment.default('production').meta({
    description: 'Whose they are: production’s, or those that every preview has.',
  }),
});

interface Owner {
  readonly app: App;
  readonly environment: VariableEnvironment;
  readonly id: VariableOwner;
}

async function ownerOf({ store }: ApiParts, name: string, environment: VariableEnvironment): Promise<Owner> {
  const app = await requireApp(store, name);
  return { app, environment, id: environment === 'preview' ? app.id : (await requireProduction(store, app)).id };
}

const placeOf = ({ farmId }: ApiParts, { app, id }: Owner, name: string) => ({
  farmId,
  appId: app.id,
  environmentId: id,
  name,
});

async function read({ store }: ApiParts, { id }: Owner): Promise<SealedVariable[]> {
  return (await store.variables.readSealed(id)) ?? [];
}

/** One that was sealed with a lost key is shown without its value, so that it can be seen and set again. */
function view(parts: ApiParts, owner: Owner, { v: _v, sealed, ...variable }: SealedVariable): VariableView {
  if (variable.sensitive) return variable;
  try {
    return { ...variable, value: parts.secretBox.open(placeOf(parts, owner, variable.name), sealed) };
  } catch (error) {
    if (error instanceof SwitchyardError && error.code === 'variables-unreadable') return variable;
    throw error;
  }
}

/** Sets them and answers how they are now. What is not said stays as it is. */
async function set(
  parts: ApiParts,
  owner: Owner,
  values: Readonly<Record<string, string>>,
  { scope, sensitive }: { scope?: VariableScope | undefined; sensitive?: boolean | undefined },
): Promise<VariableView[]> {
  const before = new Map((await read(parts, owner)).map((variable) => [variable.name, variable]));
  await parts.store.variables.set(
    owner.id,
    Object.entries(values).map(([name, value]) => ({
      name,
      scope: scope ?? before.get(name)?.scope ?? 'both',
      environment: owner.environment,
      sensitive: sensitive ?? before.get(name)?.sensitive ?? true,
      sealed: parts.secretBox.seal(placeOf(parts, owner, name), value),
    })),
  );
  const now = await read(parts, owner);
  return now.filter(({ name }) => Object.hasOwn(values, name)).map((variable) => view(parts, owner, variable));
}

const listVariables = operation({
  id: 'listVariables',
  method: 'get',
  path: '/v1/apps/{app}/variables',
  tag: 'Variables',
  access: 'token',
  summary: 'List an app’s variables',
  description: 'Without the values of those that are sensitive: these are never answered.',
  params: AppPath,
  query: OfEnvironment,
  body: NO_BODY,
  answers: { 200: { description: 'The variables, by name.', content: { 'application/json': VariableList } } },
  errors: ['app-not-found'],
  async handle({ params, query, response }, parts) {
    const owner = await ownerOf(parts, params.app, query.environment);
    response.json({ variables: (await read(parts, owner)).map((variable) => view(parts, owner, variable)) });
  },
});

const setVariable = operation({
  id: 'setVariable',
  method: 'put',
  path: '/v1/apps/{app}/variables/{name}',
  tag: 'Variables',
  access: 'token',
  summary: 'Set a variable',
  description:
    'Builds see it from the next deployment on, instances and migrations from their next start on: restart the app for what runs.',
  params: VariablePath,
  query: OfEnvironment,
  body: SetVariable,
  answers: {
    200: { description: 'The variable as it is now.', content: { 'application/json': VariableView } },
  },
  errors: ERRORS,
  async handle({ params, query, body, response }, parts) {
    const { value, ...settings } = body;
    const [variable] = await set(
      parts,
      await ownerOf(parts, params.app, query.environment),
      { [params.name]: value },
      settings,
    );
    response.json(variable);
  },
});

/** The names and values of a `.env` file, each held to the same rules as one that is set by hand. */
const FileValues = z.record(VariableName, VariableValue);

const setVariables = operation({
  id: 'setVariables',
  method: 'patch',
  path: '/v1/apps/{app}/variables',
  tag: 'Variables',
  access: 'token',
  summary: 'Set several variables',
  description: 'Takes the text of a `.env` file, or names and values. All are set or none; others stay as they are.',
  params: AppPath,
  query: OfEnvironment,
  body: SetVariables,
  answers: {
    200: { description: 'Those that were set, by name.', content: { 'application/json': VariableList } },
  },
  errors: ERRORS,
  async handle({ params, query, body, response }, parts) {
    const { dotenv, set: given = {}, ...settings } = body;
    const file = FileValues.safeParse(parseDotenv(dotenv ?? ''));
    if (!file.success) throw invalidInput(file.error.issues);
    const owner = await ownerOf(parts, params.app, query.environment);
    response.json({ variables: await set(parts, owner, { ...file.data, ...given }, settings) });
  },
});

const unsetVariable = operation({
  id: 'unsetVariable',
  method: 'delete',
  path: '/v1/apps/{app}/variables/{name}',
  tag: 'Variables',
  access: 'token',
  summary: 'Delete a variable',
  params: VariablePath,
  query: OfEnvironment,
  body: NO_BODY,
  answers: { 204: { description: 'It is gone for every start and build from now on.' } },
  errors: ['app-not-found', 'variable-not-found', 'invalid-input'],
  async handle({ params, query, response }, parts) {
    const owner = await ownerOf(parts, params.app, query.environment);
    const removed = await parts.store.variables.remove(owner.id, [params.name]);
    if (removed.length === 0) throw notFound(owner, params.name);
    response.status(204).end();
  },
});

const listVariableVersions = operation({
  id: 'listVariableVersions',
  method: 'get',
  path: '/v1/apps/{app}/variables/{name}/versions',
  tag: 'Variables',
  access: 'token',
  summary: 'List when a variable was set and deleted',
  description: `No values: earlier ones are not kept. Of the last ${LIMITS.maxVariableVersions} changes of the environment’s variables, those of this one; also after it was deleted.`,
  params: VariablePath,
  query: OfEnvironment,
  body: NO_BODY,
  answers: {
    200: { description: 'The versions, newest first.', content: { 'application/json': VariableVersionList } },
  },
  errors: ['app-not-found', 'variable-not-found', 'invalid-input'],
  async handle({ params, query, response }, parts) {
    const owner = await ownerOf(parts, params.app, query.environment);
    const [recorded, present] = await Promise.all([parts.store.variables.versions(owner.id), read(parts, owner)]);
    const versions = versionsOf(params.name, recorded, present);
    if (versions.length === 0) throw notFound(owner, params.name);
    response.json({ versions: versions.map(({ v: _v, name: _name, ...version }) => version) });
  },
});

function notFound({ app, environment }: Owner, name: string): SwitchyardError {
  return new SwitchyardError('variable-not-found', `${app.name} has no variable ${name} for ${environment}.`);
}

export const variableOperations = [listVariables, setVariable, setVariables, unsetVariable, listVariableVersions];

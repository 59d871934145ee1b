import { readFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { printable, type VariableVersionView, type VariableView } from '@switchyard/client';
import { parseDotenv, type VariableEnvironment, type VariableScope } from '@switchyard/domain';
import { CommandError, EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { withKnownApps } from './find-deployment.ts';
import { age, type Colors, table } from './text.ts';

export interface SetOptions {
  readonly scope?: VariableScope;
  readonly sensitive?: boolean;
  readonly environment?: VariableEnvironment;
  readonly json?: boolean;
}

/** Values to set, and the name whose value comes from standard input. */
export interface Assignments {
  readonly values: Readonly<Record<string, string>>;
  readonly fromInput: string | null;
}

/** Reads `NAME=VALUE` words, and `NAME -` for one value that standard input has. */
export function parseAssignments(words: readonly string[]): Assignments {
  const values = new Map<string, string>();
  let fromInput: string | null = null;
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const at = word.indexOf('=');
    if (at > 0) {
      values.set(word.slice(0, at), word.slice(at + 1));
    } else if (word !== '-' && words[index + 1] === '-') {
      if (fromInput !== null)
        throw new CommandError('Standard input can give one value only; `import -` takes several.');
      fromInput = word;
      index += 1;
    } else {
      throw new CommandError('Say NAME=VALUE, or NAME - for a value from standard input.');
    }
  }
  return { values: Object.fromEntries(values), fromInput };
}

/** Without the line end that `echo` adds. */
async function readValue(): Promise<string> {
  return (await textOf(process.stdin)).replace(/\r?\n$/, '');
}

export async function listVariables(
  { client, terminal }: Context,
  app: string,
  { environment, json }: { environment?: VariableEnvironment; json?: boolean },
): Promise<number> {
  const variables = await withKnownApps(client, () => client.variables(app, environment));
  if (json) terminal.json(variables);
  else if (variables.length === 0)
    terminal.note(`${app} has no variables; \`switchyard variables set ${app} NAME=VALUE\` sets one.`);
  else for (const line of variableRows(variables, terminal.now(), terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

export async function setVariables(
  { client, terminal }: Context,
  app: string,
  words: readonly string[],
  { environment, json, ...settings }: SetOptions,
): Promise<number> {
  const { values, fromInput } = parseAssignments(words);
  const set = fromInput === null ? values : { ...values, [fromInput]: await readValue() };
  const variables = await withKnownApps(client, () => client.setVariables(app, { set, ...settings }, environment));
  return told({ client, terminal }, app, variables, json);
}

export async function importVariables(
  { client, terminal }: Context,
  app: string,
  file: string,
  { environment, json, ...settings }: SetOptions,
): Promise<number> {
  const dotenv = file === '-' ? await textOf(process.stdin) : await readText(file);
  // Faults of the file are said here, before anything is sent.
  parseDotenv(dotenv);
  const variables = await withKnownApps(client, () => client.setVariables(app, { dotenv, ...settings }, environment));
  return told({ client, terminal }, app, variables, json);
}

export async function unsetVariables(
  { client, terminal }: Context,
  app: string,
  names: readonly string[],
  { environment }: { environment?: VariableEnvironment } = {},
): Promise<number> {
  for (const name of names) await withKnownApps(client, () => client.unsetVariable(app, name, environment));
  terminal.note(`${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} deleted. ${whenItCounts(app)}`);
  return EXIT.ok;
}

export async function listVersions(
  { client, terminal }: Context,
  app: string,
  name: string,
  { environment, json }: { environment?: VariableEnvironment; json?: boolean },
): Promise<number> {
  const versions = await withKnownApps(client, () => client.variableVersions(app, name, environment));
  if (json) terminal.json(versions);
  else for (const line of versionRows(versions, terminal.now(), terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

function told({ terminal }: Context, app: string, variables: readonly VariableView[], json = false): number {
  const names = variables.map(({ name }) => name);
  if (json) terminal.json(variables);
  else if (names.length === 0) terminal.note('Nothing was set.');
  else terminal.note(`${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} set. ${whenItCounts(app)}`);
  return EXIT.ok;
}

const whenItCounts = (app: string): string =>
  `Builds see that with the next \`switchyard deploy ${app}\`, what runs with \`switchyard restart ${app}\`.`;

export function variableRows(variables: readonly VariableView[], nowMs: number, colors: Colors): string[] {
  const head = ['NAME', 'SCOPE', 'VALUE', 'SET'].map((plain) => ({ plain, shown: colors.dim(plain) }));
  return table([
    head,
    ...variables.map(({ name, scope, value, updatedAt }) => {
      const text = value === undefined ? 'hidden' : printable(value);
      return [
        { plain: name, shown: colors.bold(name) },
        { plain: scope },
        { plain: text, shown: value === undefined ? colors.dim(text) : text },
        { plain: age(updatedAt, nowMs), shown: colors.dim(age(updatedAt, nowMs)) },
      ];
    }),
  ]);
}

export function versionRows(versions: readonly VariableVersionView[], nowMs: number, colors: Colors): string[] {
  const head = ['VERSION', 'CHANGE', 'SCOPE', 'VALUE', 'WHEN'].map((plain) => ({ plain, shown: colors.dim(plain) }));
  return table([
    head,
    ...versions.map(({ version, removed, scope, sensitive, createdAt }) => [
      { plain: String(version) },
      removed ? { plain: 'deleted', shown: colors.yellow('deleted') } : { plain: 'set' },
      { plain: scope ?? '' },
      { plain: sensitive === null ? '' : sensitive ? 'hidden' : 'visible' },
      { plain: age(createdAt, nowMs), shown: colors.dim(age(createdAt, nowMs)) },
    ]),
  ]);
}

async function readText(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((error: unknown) => {
    throw new CommandError(`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`);
  });
}

import { type DeploymentView, printable } from '@switchyard/client';
import { LIMITS, nearestName, type Reason, SETTINGS_FIELDS, settingAt, settingOf } from '@switchyard/domain';
import { CommandError, EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { withKnownApps } from './find-deployment.ts';
import { type Colors, table } from './text.ts';

const DAY_MS = 86_400_000;

/** What counts where nobody says anything. */
const DEFAULTS: Readonly<Record<string, string>> = {
  branch: 'the repository’s default branch',
  replicas: '1',
  'health.timeLimitMs': String(LIMITS.healthTimeLimitMs),
  'retention.releases': String(LIMITS.keptReleases),
  'retention.deployments': String(LIMITS.keptDeployments),
  'retention.days': String(LIMITS.keptDeploymentsMs / DAY_MS),
};

/** Which field a reason of a plan is about. */
const SUBJECTS: Readonly<Record<string, string>> = {
  directory: 'root',
  node: 'node',
  install: 'install',
  build: 'build',
  migrate: 'migrate',
  start: 'start',
  health: 'health.path',
  'health time limit': 'health.timeLimitMs',
  'required variables': 'requiredVariables',
};

const FROM: Readonly<Record<Reason['decider'], string>> = {
  detected: 'detected',
  file: 'switchyard.json',
  settings: 'settings',
};

export interface SettingRow {
  readonly field: string;
  readonly value: string;
  readonly from: string;
}

/** Every setting that has a value, and where it comes from: the settings, else what the newest plan says, else the default. */
export function settingRows(settings: object, newest: Pick<DeploymentView, 'plan' | 'number'> | null): SettingRow[] {
  const planned = new Map(
    (newest?.plan?.reasons ?? []).flatMap((reason) => {
      const field = SUBJECTS[reason.subject];
      return field === undefined ? [] : [[field, reason] as const];
    }),
  );
  return [...SETTINGS_FIELDS.keys()].flatMap((field): SettingRow[] => {
    const own = settingAt(settings, field);
    if (typeof own === 'object' && own !== null && !Array.isArray(own)) return [];
    if (own !== undefined) return [{ field, value: textOf(own), from: 'settings' }];
    const reason = planned.get(field);
    // What settings said then they do not say any more: the next plan will tell.
    if (reason !== undefined && reason.decider !== 'settings')
      return [{ field, value: reason.choice, from: `${FROM[reason.decider]} (#${newest?.number})` }];
    const value = DEFAULTS[field];
    return value === undefined ? [] : [{ field, value, from: 'default' }];
  });
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

export async function showSettings(
  { client, terminal }: Context,
  app: string,
  { json }: { json?: boolean },
): Promise<number> {
  const { etag: _etag, ...settings } = await withKnownApps(client, () => client.settings(app));
  const rows = settingRows(settings.settings, await newestPlanned({ client }, app));
  if (json) terminal.json({ ...settings, effective: rows });
  else for (const line of lines(rows, terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

/** The newest deployment that came to a plan. */
async function newestPlanned({ client }: Pick<Context, 'client'>, app: string): Promise<DeploymentView | null> {
  const { deployments } = await client.deployments(app, { limit: 10 });
  for (const { id } of deployments) {
    const deployment = await client.deployment(id);
    if (deployment.plan !== null) return deployment;
  }
  return null;
}

function lines(rows: readonly SettingRow[], colors: Colors): string[] {
  const head = ['SETTING', 'VALUE', 'FROM'].map((plain) => ({ plain, shown: colors.dim(plain) }));
  return table([
    head,
    ...rows.map(({ field, value, from }) => [
      { plain: field, shown: colors.bold(field) },
      { plain: printable(value) },
      { plain: from, shown: from === 'settings' ? colors.green(from) : colors.dim(from) },
    ]),
  ]);
}

/** `build=npm run build`, `health.path=/up` as a merge patch. */
export function patchOfWords(words: readonly string[]): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 1) throw new CommandError(`Say FIELD=VALUE, not ${word}; \`unset\` clears a field.`);
    const field = word.slice(0, at);
    put(patch, field, settingOf(schemaOf(field), word.slice(at + 1)));
  }
  return patch;
}

function put(patch: Record<string, unknown>, path: string, value: unknown): void {
  const [outer = '', inner] = path.split('.');
  if (inner === undefined) {
    patch[outer] = value;
    return;
  }
  const before = patch[outer];
  patch[outer] = { ...(typeof before === 'object' ? before : {}), [inner]: value };
}

function schemaOf(field: string) {
  const schema = SETTINGS_FIELDS.get(field);
  if (schema !== undefined) return schema;
  const names = [...SETTINGS_FIELDS.keys()];
  const meant = nearestName(field, names);
  throw new CommandError(
    `There is no setting ${field}${meant === null ? `; there are ${names.join(', ')}.` : `; did you mean ${meant}?`}`,
  );
}

export async function setSettings(
  context: Context,
  app: string,
  words: readonly string[],
  options: { json?: boolean },
): Promise<number> {
  return await change(context, app, patchOfWords(words), options);
}

export async function unsetSettings(
  context: Context,
  app: string,
  fields: readonly string[],
  options: { json?: boolean },
): Promise<number> {
  const patch: Record<string, unknown> = {};
  for (const field of fields) {
    schemaOf(field);
    put(patch, field, null);
  }
  return await change(context, app, patch, options);
}

/** Only the named fields are touched, so whatever else was changed meanwhile stays: `*` is right here. */
async function change(
  { client, terminal }: Context,
  app: string,
  patch: Readonly<Record<string, unknown>>,
  { json }: { json?: boolean },
): Promise<number> {
  const { etag: _etag, ...settings } = await withKnownApps(client, () => client.changeSettings(app, patch, '*'));
  if (json) terminal.json(settings);
  else
    terminal.note(
      `The settings of ${app} are at version ${settings.version}. \`switchyard deploy ${app}\` deploys with them; replicas count at once.`,
    );
  return EXIT.ok;
}

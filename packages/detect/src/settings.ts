import {
  type AppSettings,
  mergePatch,
  REPOSITORY_SETTINGS,
  RepositorySettings,
  SwitchyardError,
  settingAt,
} from '@switchyard/domain';
import type { FileTree } from './file-tree.ts';
import { parseJson } from './manifest.ts';

const SETTINGS_FILE = 'switchyard.json';

/** Who said something that detection does not decide any more. */
export type Sayer = 'file' | 'settings';

export const WHO_SAYS: Readonly<Record<Sayer, string>> = {
  file: 'switchyard.json says so',
  settings: 'the app’s settings say so',
};

type Field = keyof typeof REPOSITORY_SETTINGS;
type CommandField = 'install' | 'build' | 'migrate';

/** What the repository's file and the app's settings say, the latter winning field by field. A command that is null is not to be run. */
export interface Said extends Omit<RepositorySettings, '$schema' | CommandField> {
  readonly install?: string | null;
  readonly build?: string | null;
  readonly migrate?: string | null;
  /** Of a field that one of them sets; `health.path` names one inside of another. */
  readonly sayer: (field: Field | 'health.path' | 'health.timeLimitMs') => Sayer;
}

/**
 * `switchyard.json` of the repository's root, if there is one, under the app's settings. Rejects with `invalid-settings`, all faults of
 * the file at once.
 */
export async function readSettings(tree: FileTree, settings: AppSettings): Promise<Said> {
  return underSettings(await readFile(tree), settings);
}

async function readFile(tree: FileTree): Promise<RepositorySettings> {
  const content = await tree.read(SETTINGS_FILE);
  if (content === null) return {};
  const parsed = RepositorySettings.safeParse(parseJson(SETTINGS_FILE, content, 'invalid-settings'));
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((issue) => ({
    path: issue.path.join('.') || '(the whole file)',
    message: issue.message,
  }));
  const list = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new SwitchyardError('invalid-settings', `${SETTINGS_FILE}: ${list}. Correct the file and push again.`, {
    file: SETTINGS_FILE,
    errors,
  });
}

function underSettings(file: RepositorySettings, settings: AppSettings): Said {
  const said = Object.fromEntries(
    Object.entries(settings).filter(([field]) => Object.hasOwn(REPOSITORY_SETTINGS, field)),
  );
  const merged = RepositorySettings.parse(mergePatch(withoutWayToServe(file, settings), said));
  const { $schema: _schema, install, build, migrate, ...rest } = merged;
  return {
    ...rest,
    ...(install === undefined ? {} : { install: lineOf(install) }),
    ...(build === undefined ? {} : { build: lineOf(build) }),
    ...(migrate === undefined ? {} : { migrate: lineOf(migrate) }),
    sayer: (field) => (settingAt(said, field) === undefined ? 'file' : 'settings'),
  };
}

/** One way to serve in the settings sets the file's other way aside. */
function withoutWayToServe(file: RepositorySettings, { start, static: site }: AppSettings): RepositorySettings {
  if (start === undefined && site === undefined) return file;
  const { start: _start, static: _static, ...others } = file;
  return others;
}

const lineOf = (command: string | false | null): string | null => (command === false ? null : command);

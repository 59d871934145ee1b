import { RepositorySettings, SwitchyardError } from '@switchyard/domain';
import type { FileTree } from './file-tree.ts';
import { parseJson } from './manifest.ts';
import { inDirectory } from './paths.ts';

const SETTINGS_FILE = 'switchyard.json';

/** `switchyard.json` of the repository's root; an empty object where there is none. Rejects with `invalid-settings`, all faults at once. */
export async function readSettings(tree: FileTree): Promise<RepositorySettings> {
  const content = await tree.read(SETTINGS_FILE);
  if (content === null) return {};
  const parsed = RepositorySettings.safeParse(parseJson(SETTINGS_FILE, content));
  if (!parsed.success) {
    const errors = parsed.error.issues.map((issue) => ({
      path: issue.path.join('.') || '(the whole file)',
      message: issue.message,
    }));
    throw invalid(errors);
  }
  const settings = parsed.data;
  if (settings.start !== undefined && settings.static !== undefined) {
    throw invalid([{ path: 'static', message: 'an app has either `start` or `static`, not both' }]);
  }
  for (const [path, value] of [
    ['root', settings.root],
    ['static.directory', settings.static?.directory],
  ] as const) {
    if (value !== undefined && inDirectory('.', value) === null) {
      throw invalid([{ path, message: `a directory inside the repository is needed, not ${JSON.stringify(value)}` }]);
    }
  }
  return settings;
}

function invalid(errors: { path: string; message: string }[]): SwitchyardError {
  const list = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new SwitchyardError('invalid-settings', `${SETTINGS_FILE}: ${list}. Correct the file and push again.`, {
    file: SETTINGS_FILE,
    errors,
  });
}

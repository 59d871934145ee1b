import { posix } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { findFramework } from './app.ts';
import type { Decisions } from './decisions.ts';
import { isDevelopmentServer } from './development-server.ts';
import type { FileTree } from './file-tree.ts';
import type { Manifest } from './manifest.ts';
import { inDirectory } from './paths.ts';
import type { Said } from './settings.ts';
import { findInstallRoot } from './workspace.ts';

const SIGNS = ['package.json', 'index.html', 'Procfile', 'Staticfile', 'server.js', 'app.js'];
const MAX_CHOICES = 12;

/**
 * In which directory of the repository the app is: where `switchyard.json` says, else the root where it can be run, else the one
 * workspace package or directory that can. With several it is the author's choice.
 */
export async function decideDirectory(tree: FileTree, settings: Said, decisions: Decisions): Promise<string> {
  const files = new Set(await tree.files());
  if (settings.root !== undefined) {
    const sayer = settings.sayer('root');
    const root = inDirectory('.', settings.root) ?? '.';
    if (root !== '.' && ![...files].some((file) => file.startsWith(`${root}/`))) {
      throw new SwitchyardError(
        'invalid-settings',
        `${sayer === 'file' ? 'switchyard.json' : 'The app’s settings'}: root names ${settings.root}, and there is no such directory in the repository. ${sayer === 'file' ? 'Correct it and push again.' : 'Correct it (`switchyard settings set APP root=DIRECTORY`) and deploy again.'}`,
        { root: settings.root, ...(sayer === 'file' ? { file: 'switchyard.json' } : {}) },
      );
    }
    decisions.said('directory', root, sayer);
    return root;
  }
  const install = await findInstallRoot(tree, '.');
  if (install === null) {
    if (SIGNS.some((sign) => files.has(sign)) || settings.start !== undefined || settings.static !== undefined)
      return '.';
    return await onlyDirectory(files, decisions);
  }
  if (
    install.members.length === 0 ||
    canRun(install.manifest) ||
    files.has('Procfile') ||
    settings.start !== undefined ||
    settings.static !== undefined
  )
    return '.';
  const apps = install.members.filter(({ manifest }) => canRun(manifest)).map(({ directory }) => directory);
  const [only] = apps;
  if (only !== undefined && apps.length === 1) {
    decisions.because('directory', only, 'it is the only package of the workspace that can be run');
    return only;
  }
  if (only === undefined) return '.';
  throw choose(apps, 'packages of the workspace');
}

async function onlyDirectory(files: ReadonlySet<string>, decisions: Decisions): Promise<string> {
  const candidates = new Set<string>();
  for (const file of files) {
    const directory = posix.dirname(file);
    if (directory.split('/').length > 2 || directory.startsWith('.') || directory.includes('node_modules')) continue;
    if (SIGNS.includes(posix.basename(file))) candidates.add(directory);
  }
  const outermost = [...candidates]
    .filter((one) => ![...candidates].some((other) => one.startsWith(`${other}/`)))
    .toSorted();
  const manifests = outermost.filter((directory) => files.has(`${directory}/package.json`));
  const choices = manifests.length > 0 ? manifests : outermost;
  const [only] = choices;
  if (only === undefined || only === 'public') return '.';
  if (choices.length > 1) throw choose(choices, 'directories');
  decisions.because('directory', only, 'it is the only directory of the repository with an app in it');
  return only;
}

/** Whether a manifest says by itself how it is run or served. */
function canRun(manifest: Manifest): boolean {
  const start = manifest.scripts['start'];
  if (start !== undefined && !isDevelopmentServer(start))
    return !/^(?:turbo|nx|lerna|pnpm (?:-r|--filter|--recursive))\b/.test(start.trim());
  return (
    findFramework(manifest) !== null &&
    (manifest.scripts['build'] !== undefined || manifest.scripts['dev'] !== undefined)
  );
}

function choose(choices: readonly string[], kind: string): SwitchyardError {
  const list = choices.slice(0, MAX_CHOICES).join(', ');
  return new SwitchyardError(
    'nothing-to-run',
    `Several ${kind} can be run: ${list}${choices.length > MAX_CHOICES ? ', …' : ''}. Say which one in switchyard.json, for example {"root": ${JSON.stringify(choices[0])}}.`,
    { choices: choices.slice(0, MAX_CHOICES) },
  );
}

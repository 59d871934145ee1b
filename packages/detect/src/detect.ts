import { type AppSettings, LIMITS, type Plan, SwitchyardError } from '@switchyard/domain';
import { type App, findFramework, findServerLibrary, hasFile, pageScriptsOf } from './app.ts';
import { decideDirectory } from './app-directory.ts';
import { decideBuild } from './build.ts';
import { Decisions } from './decisions.ts';
import type { FileTree } from './file-tree.ts';
import { installCommand, withoutRootScripts } from './install.ts';
import { installInputs } from './install-inputs.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { allDependencies, readManifest } from './manifest.ts';
import { decideNodeVersion } from './node-version.ts';
import { decidePackageManager } from './package-manager.ts';
import { inDirectory, up } from './paths.ts';
import { parseProcfile } from './procfile.ts';
import { readSettings, type Said } from './settings.ts';
import { commandLine, decideStart } from './start.ts';
import { findInstallRoot } from './workspace.ts';

/**
 * What will happen to a repository, decided from its files alone, with the reason for every choice. What the repository's own files say
 * (`switchyard.json`, then the Procfile) wins over what is detected, and the app's settings win over both.
 *
 * Rejects with `invalid-settings` or `repository-file-invalid` where a file that decides something does not parse, and with `nothing-to-run` where it is not clear
 * what serves the app; both say what to do.
 */
export async function detect(tree: FileTree, appSettings: AppSettings = {}): Promise<Plan> {
  const decisions = new Decisions();
  const settings = await readSettings(tree, appSettings);
  const root = await decideDirectory(tree, settings, decisions);
  const app = await lookAt(tree, settings, root, decisions);
  const wanted = await decideNodeVersion(
    tree,
    root,
    [app.manifest, app.install?.manifest].filter((manifest) => manifest != null),
    settings.node === undefined ? undefined : { version: settings.node, sayer: settings.sayer('node') },
    decisions,
  );
  const manager =
    app.install === null
      ? null
      : await decidePackageManager(tree, app.install.directory, app.install.manifest, wanted, decisions);
  const complete: App = { ...app, manager };

  const install = await decideInstall(complete);
  const build = decideBuild(complete);
  const start = await decideStart(complete, build);
  if (start === null) throw await nothingToRun(complete);
  const migrate = decideMigrate(complete);
  const plan: Plan = {
    v: 1,
    language: complete.manifest === null && start.kind === 'static' ? 'static' : 'node',
    framework: frameworkName(complete, start),
    root,
    runtime: { name: 'node', wanted },
    packageManager:
      manager === null ? null : { name: manager.name, version: manager.version, lockfile: manager.lockfile },
    install,
    build,
    migrate,
    start,
    health: decideHealth(complete),
    ...decideRequired(complete),
    ...decideLimits(complete),
    persist: decidePersist(complete),
    warnings: decisions.warnings,
    reasons: decisions.reasons,
  };
  return plan;
}

async function lookAt(tree: FileTree, settings: Said, root: string, decisions: Decisions): Promise<App> {
  const manifest = await readManifest(tree, root);
  const procfile = await tree.read(inDirectory(root, 'Procfile') ?? 'Procfile');
  return {
    tree,
    settings,
    root,
    manifest,
    procfile: procfile === null ? new Map<string, string>() : parseProcfile(procfile),
    install: await findInstallRoot(tree, root),
    manager: null,
    framework: findFramework(manifest),
    serverLibrary: findServerLibrary(manifest),
    files: new Set(await tree.files()),
    pageScripts: await pageScriptsOf(tree, root),
    decisions,
  };
}

async function decideInstall(app: App): Promise<Plan['install']> {
  const { settings, install, manager, decisions } = app;
  if (settings.install === null) {
    decisions.said('install', 'nothing', settings.sayer('install'));
    return null;
  }
  if (install === null || manager === null) {
    if (settings.install === undefined) return null;
    decisions.said('install', settings.install, settings.sayer('install'));
    decisions.warn(
      'The install command sees the whole repository, since there is no package.json that says what it needs: any change runs it again.',
    );
    return { command: settings.install, inputs: (await app.tree.list('.')).toSorted() };
  }
  const isEmpty = install.members.length === 0 && Object.keys(allDependencies(install.manifest)).length === 0;
  if (isEmpty && settings.install === undefined) {
    decisions.because('install', 'nothing', 'package.json names no dependencies');
    return null;
  }
  const inputs = await installInputs(app.tree, install, manager, decisions);
  if (settings.install !== undefined) {
    decisions.said('install', settings.install, settings.sayer('install'));
    return { command: settings.install, inputs };
  }
  const workspaceFile = install.directory === '.' ? 'pnpm-workspace.yaml' : `${install.directory}/pnpm-workspace.yaml`;
  const plain = installCommand(manager, (await app.tree.read(workspaceFile)) !== null);
  decisions.because(
    'install',
    plain,
    manager.lockfile === null ? 'no lockfile is there to be followed' : `exactly what ${manager.lockfile} says`,
  );
  const hasScripts = LIFECYCLE.some((name) => install.manifest.scripts[name] !== undefined);
  const command = hasScripts ? withoutRootScripts(plain) : plain;
  const move = app.root === install.directory ? '' : `cd ${up(app.root, install.directory)} && `;
  return { command: `${move}${command}`, inputs };
}

function decideMigrate(app: App): Plan['migrate'] {
  const { settings, decisions } = app;
  if (settings.migrate !== undefined) {
    decisions.said('migrate', settings.migrate ?? 'nothing', settings.sayer('migrate'));
    return settings.migrate === null ? null : { command: commandLine(app, settings.migrate) };
  }
  const release = app.procfile.get('release');
  if (release === undefined) return null;
  decisions.because('migrate', release, 'release in the Procfile', 'file');
  return { command: commandLine(app, release) };
}

function decideHealth(app: App): Plan['health'] {
  const { health, sayer } = app.settings;
  const path = health?.path ?? null;
  if (path === null) app.decisions.because('health', '/health, /healthz, then /', 'no path is set');
  else app.decisions.said('health', path, sayer('health.path'));
  if (health?.timeLimitMs !== undefined)
    app.decisions.said('health time limit', `${health.timeLimitMs / 1_000} s`, sayer('health.timeLimitMs'));
  return { path, timeLimitMs: health?.timeLimitMs ?? LIMITS.healthTimeLimitMs };
}

function decideRequired({ settings, decisions }: App): Pick<Plan, 'requiredVariables'> {
  const requiredVariables = (settings.requiredVariables ?? []).map((one) =>
    typeof one === 'string' ? { name: one, description: null } : one,
  );
  if (requiredVariables.length === 0) return {};
  const names = requiredVariables.map(({ name }) => name).join(', ');
  decisions.said('required variables', names, settings.sayer('requiredVariables'));
  return { requiredVariables };
}

/** Only what is asked for; the farm's defaults and maxima are the worker's. */
function decideLimits({ settings, decisions }: App): Pick<Plan, 'limits' | 'timeLimitsMs'> {
  const { limits, timeLimitsMs } = settings;
  for (const [part, wish] of Object.entries(limits ?? {}))
    if (wish !== undefined) decisions.said(`limits.${part}`, wordsOf(wish), settings.sayer('limits'));
  if (timeLimitsMs !== undefined) decisions.said('timeLimitsMs', wordsOf(timeLimitsMs), settings.sayer('timeLimitsMs'));
  return { ...(limits === undefined ? {} : { limits }), ...(timeLimitsMs === undefined ? {} : { timeLimitsMs }) };
}

const wordsOf = (values: Readonly<Record<string, number | undefined>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

function decidePersist(app: App): Plan['persist'] {
  const { settings, decisions } = app;
  const { persist = [] } = settings;
  const file = persist.find((path) => hasFile(app, path));
  if (file !== undefined)
    throw new SwitchyardError(
      'invalid-settings',
      `persist names ${file}, which is a file of the repository: only directories can be kept, and what the repository has there is not seen. Name the directory that the app writes to.`,
      { persist: file },
    );
  if (persist.length > 0) decisions.said('persist', persist.join(', '), settings.sayer('persist'));
  return persist.toSorted();
}

function frameworkName(app: App, start: Plan['start']): string | null {
  if (app.manifest === null) return start.kind === 'static' ? 'plain HTML' : null;
  // A server that builds a front end besides is shown as the server it is.
  if (start.kind === 'command' && app.framework?.server == null && app.serverLibrary !== null) return app.serverLibrary;
  return app.framework?.name ?? app.serverLibrary ?? null;
}

async function nothingToRun(app: App): Promise<SwitchyardError> {
  const entries = (await app.tree.list(app.root)).map((path) => path.slice(app.root === '.' ? 0 : app.root.length + 1));
  const place = app.root === '.' ? 'the repository' : app.root;
  const found =
    entries.length === 0
      ? `${place} is empty`
      : `${place} has ${entries.slice(0, 12).join(', ')}${entries.length > 12 ? ', …' : ''}`;
  const scripts = Object.keys(app.manifest?.scripts ?? {});
  const known = scripts.length === 0 ? '' : ` The scripts in package.json are ${scripts.slice(0, 12).join(', ')}.`;
  return new SwitchyardError(
    'nothing-to-run',
    `Nothing tells how to run this: no web in a Procfile, no start script, no main, no server.js, index.js or app.js, no index.html; ${found}.${known} Add a start script to package.json, or say it in switchyard.json: {"start": "node server.js"}, or {"static": {"directory": "public"}}.`,
    { root: app.root, entries: entries.slice(0, 50), scripts },
  );
}

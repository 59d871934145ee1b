import type { Plan, Reason } from '@switchyard/domain';
import { type App, hasFile } from './app.ts';
import { isDevelopmentServer, withoutWatching } from './development-server.ts';
import { outputOf } from './output-directory.ts';
import { findPlainSite } from './plain-site.ts';
import { plugAndPlayLine, programLine } from './program-line.ts';
import { servingOf } from './server-of-framework.ts';
import { WHO_SAYS } from './settings.ts';

type Start = Plan['start'];

const ENTRIES = ['server', 'index', 'app', 'main', 'src/server', 'src/index', 'src/app', 'src/main'].flatMap((name) =>
  ['js', 'mjs', 'cjs', 'ts', 'mts'].map((extension) => `${name}.${extension}`),
);

/**
 * What serves the app: `switchyard.json`, the Procfile's `web`, a `start` script that is no development server, what the framework has
 * built, `main`, a usual entry file, plain pages. Null where none of them is there.
 */
export async function decideStart(app: App, build: Plan['build']): Promise<Start | null> {
  return (
    fromSettings(app) ??
    fromProcfile(app) ??
    fromStartScript(app) ??
    fromEntryOfServer(app, build) ??
    (await fromFramework(app)) ??
    fromMain(app, build) ??
    fromEntry(app) ??
    (await fromPlainSite(app))
  );
}

function decided(app: App, start: Start, because: string, decider: Reason['decider'] = 'detected'): Start {
  const choice =
    start.kind === 'command'
      ? start.command
      : `files of ${start.directory}${start.spa ? ', one page for all paths' : ''}`;
  app.decisions.because('start', choice, because, decider);
  return start;
}

/** A command of the app's own, as the program that it comes to. */
function command(app: App, line: string): Start {
  return { kind: 'command', command: commandLine(app, line) };
}

export function commandLine(app: App, line: string): string {
  const installRoot = app.install?.directory ?? app.root;
  return app.manager?.plugAndPlay
    ? plugAndPlayLine(line, app.manifest, app.root, installRoot, app.manager.yarnPath)
    : programLine(line, app.manifest, app.root, installRoot);
}

function fromSettings(app: App): Start | null {
  const { start, static: site } = app.settings;
  if (site !== undefined) {
    const sayer = app.settings.sayer('static');
    const files = { kind: 'static', directory: site.directory, spa: site.spa ?? false } as const;
    return decided(app, files, WHO_SAYS[sayer], sayer);
  }
  if (start === undefined) return null;
  const sayer = app.settings.sayer('start');
  return decided(app, command(app, start), WHO_SAYS[sayer], sayer);
}

function fromProcfile(app: App): Start | null {
  const web = app.procfile.get('web');
  return web === undefined ? null : decided(app, command(app, web), 'web in the Procfile', 'file');
}

function fromStartScript(app: App): Start | null {
  const script = app.manifest?.scripts['start'];
  if (script === undefined || script.trim() === '' || app.manager === null) return null;
  const program = withoutWatching(script);
  if (program !== null) {
    return decided(
      app,
      command(app, program),
      `the start script (${script}) restarts this program whenever a file changes`,
    );
  }
  if (isDevelopmentServer(script)) {
    app.decisions.because('start script', 'not used', `"${script}" is a development server`);
    return null;
  }
  return decided(app, command(app, `${app.manager.name} run start`), 'package.json has a start script');
}

/** A program that answers HTTP by itself and has its entry file is a server, though a front end is built besides. */
function fromEntryOfServer(app: App, build: Plan['build']): Start | null {
  if (app.serverLibrary === null) return null;
  const framework = app.framework?.server ?? null;
  return framework === null ? (fromMain(app, build) ?? fromEntry(app)) : null;
}

async function fromFramework(app: App): Promise<Start | null> {
  const { framework } = app;
  if (framework === null) return null;
  const serving = await servingOf(app);
  if (serving?.kind === 'command') return decided(app, command(app, serving.command), serving.because);
  if (serving?.kind === 'static') {
    const { directory, spa, because } = serving;
    return decided(app, { kind: 'static', directory, spa }, because);
  }
  const output = await outputOf(app.tree, app.root, framework, app.manifest?.scripts['build'] ?? '');
  if (output === null) return null;
  // A bundler among a server's tools says nothing about pages.
  if (
    framework.name === 'webpack' &&
    !hasFile(app, 'index.html') &&
    !hasFile(app, 'src/index.html') &&
    !hasFile(app, 'public/index.html')
  )
    return null;
  return decided(app, { kind: 'static', directory: output.directory, spa: output.spa }, output.because);
}

function fromMain(app: App, build: Plan['build']): Start | null {
  const main = app.manifest?.main;
  if (main === undefined || app.manager === null) return null;
  const places = [main, `${main}.js`, `${main}/index.js`].map((path) => path.replace(/^\.\//, ''));
  const present = places.find((path) => hasFile(app, path));
  if (present !== undefined && app.pageScripts.has(present)) return null;
  if (present !== undefined) return decided(app, command(app, `node ${present}`), 'main in package.json');
  if (build === null || !/^(?:\.\/)?(?:dist|build|lib|out|output|\.output)\//.test(main)) return null;
  return decided(app, command(app, `node ${places[0] ?? main}`), 'main in package.json, which the build has to make');
}

function fromEntry(app: App): Start | null {
  const entry = ENTRIES.find((path) => hasFile(app, path) && !app.pageScripts.has(path));
  if (entry === undefined) return null;
  // The browser runs these, not Node.
  if (entry.startsWith('src/') && app.framework !== null && app.serverLibrary === null) return null;
  if (hasFile(app, 'index.html') && app.serverLibrary === null && !/^(?:server|app)\./.test(entry)) return null;
  const because =
    app.manifest === null
      ? `${entry} is there, and no package.json`
      : `${entry} is there, and package.json has no start script`;
  return decided(app, command(app, `node ${entry}`), because);
}

async function fromPlainSite(app: App): Promise<Start | null> {
  const site = await findPlainSite(app.tree, app.root);
  if (site === null) return null;
  return decided(app, { kind: 'static', directory: site.directory, spa: site.spa }, site.because);
}

import type { Plan } from '@switchyard/domain';
import { type App, dependsOn } from './app.ts';
import { runProgram, runScript } from './install.ts';
import { lifecycleOf } from './lifecycle.ts';
import { up } from './paths.ts';

/** Scripts that build, in the order in which they are looked for. The second is what other hosts run. */
const BUILD_SCRIPTS = ['build', 'heroku-postbuild'];

/** The root's own lifecycle scripts, then the build: both need sources, which install does not see. */
export function decideBuild(app: App): Plan['build'] {
  const lifecycle = lifecycleCommands(app);
  const command = buildCommand(app);
  if (command !== null) return { command, lifecycle };
  const last = lifecycle.at(-1);
  // A plan has a build or none: lifecycle scripts without a build command are a build.
  return last === undefined ? null : { command: last, lifecycle: lifecycle.slice(0, -1) };
}

function lifecycleCommands(app: App): string[] {
  const { install, manager, decisions } = app;
  if (install === null || manager === null) return [];
  const { run, leftOut } = lifecycleOf(install.manifest);
  for (const { name, because } of leftOut) decisions.because(`script ${name}`, 'left out', because);
  if (run.length > 0) {
    decisions.because(
      'lifecycle scripts',
      `${run.join(', ')} run at the start of build`,
      'they may need sources, and install sees only what decides which packages come',
    );
  }
  const move = app.root === install.directory ? '' : `cd ${up(app.root, install.directory)} && `;
  return run.map((name) => `${move}${runScript(manager, name)}`);
}

function buildCommand(app: App): string | null {
  const { settings, decisions, manifest, manager } = app;
  if (settings.build !== undefined) {
    decisions.said('build', settings.build ?? 'nothing', settings.sayer('build'));
    return settings.build;
  }
  if (manifest === null || manager === null) return null;
  for (const script of BUILD_SCRIPTS) {
    if (manifest.scripts[script] === undefined) continue;
    const { command, because } = scriptCommand(app, script);
    const adapted = withAdapter(app, command);
    decisions.because('build', adapted, because);
    return adapted;
  }
  const { framework } = app;
  if (framework?.build == null || settings.start !== undefined || app.procfile.has('web')) {
    decisions.because('build', 'nothing', 'package.json has no build script');
    return null;
  }
  const command = withAdapter(app, runProgram(manager, framework.build));
  decisions.because('build', command, `package.json has no build script; this is how ${framework.name} builds`);
  return command;
}

/** In a workspace the app's own packages are built before it, by whatever the workspace has for it. */
function scriptCommand(app: App, script: string): { command: string; because: string } {
  const { install, manager, manifest } = app;
  if (install === null || manager === null || manifest === null) throw new Error('a script without a manifest');
  const plain = { command: runScript(manager, script), because: `package.json has a ${script} script` };
  const isMember = app.root !== install.directory;
  if (!isMember || manifest.name === undefined || install.members.length < 2) return plain;
  const move = `cd ${up(app.root, install.directory)} && `;
  const usesTurbo = install.manifest.devDependencies['turbo'] ?? install.manifest.dependencies['turbo'];
  if (usesTurbo !== undefined && app.files.has(rootPath(install.directory, 'turbo.json'))) {
    return {
      command: `${move}${runProgram(manager, `turbo run ${script} --filter=${manifest.name}`)}`,
      because: 'turbo builds the app and the packages of the workspace that it needs',
    };
  }
  if (manager.name === 'pnpm') {
    return {
      command: `${move}pnpm --filter ${manifest.name}... run ${script}`,
      because: 'pnpm builds the packages of the workspace that the app needs, then the app',
    };
  }
  return plain;
}

/** SvelteKit's adapter-auto makes a server only on hosts that it knows by their variables; this one stands for "a Node server". */
function withAdapter(app: App, command: string): string {
  const isAuto =
    app.framework?.name === 'SvelteKit' &&
    dependsOn(app, '@sveltejs/adapter-auto') &&
    !dependsOn(app, '@sveltejs/adapter-node') &&
    !dependsOn(app, '@sveltejs/adapter-static');
  if (!isAuto) return command;
  app.decisions.warn(
    'SvelteKit’s adapter-auto is made to choose adapter-node, which it installs during the build. Add @sveltejs/adapter-node to the project to have it in the lockfile.',
  );
  return `GCP_BUILDPACKS=1 ${command}`;
}

function rootPath(directory: string, name: string): string {
  return directory === '.' ? name : `${directory}/${name}`;
}

import { LIFECYCLE } from './lifecycle.ts';
import type { PackageManagerChoice } from './package-manager.ts';

/**
 * How each package manager installs exactly what its lockfile says, development dependencies included whatever NODE_ENV is: the build
 * needs them. `isWorkspace`: the repository has a pnpm-workspace.yaml.
 */
export function installCommand(manager: PackageManagerChoice, isWorkspace: boolean): string {
  const frozen = manager.lockfile !== null;
  switch (manager.name) {
    case 'npm': {
      const development = /^[~^]?6\b/.test(manager.version) ? '--production=false' : '--include=dev';
      return `npm ${frozen ? 'ci' : 'install'} ${development} --no-audit --no-fund`;
    }
    case 'pnpm':
      // A workspace above the tree, should it lie in somebody's project, is none of the app's.
      return `pnpm install ${frozen ? '--frozen-lockfile' : '--no-frozen-lockfile'} --prod=false${isWorkspace ? '' : ' --ignore-workspace'}`;
    case 'yarn':
      if (manager.berry) return berryInstall(manager, frozen);
      return `yarn install ${frozen ? '--frozen-lockfile ' : ''}--production=false --non-interactive`;
    case 'bun':
      return frozen ? 'bun install --frozen-lockfile' : 'bun install';
  }
}

function berryInstall(manager: PackageManagerChoice, frozen: boolean): string {
  // Zipped packages are read where they were put: beside the app, and not in a home directory that ends with the stage.
  const cache = manager.plugAndPlay ? 'YARN_ENABLE_GLOBAL_CACHE=0 ' : '';
  const scripts = manager.asksForScripts ? 'YARN_ENABLE_SCRIPTS=1 ' : '';
  return `${cache}${scripts}yarn install ${frozen ? '--immutable' : '--no-immutable'}`;
}

/**
 * The same install with the root's own lifecycle scripts set aside, and the dependencies' scripts left to the manager's own policy.
 *
 * No manager has a switch for this. `--ignore-scripts` followed by a rebuild runs the root's scripts in the rebuild (measured with
 * npm 10 and 11, pnpm 9 and 10; yarn's `enableScripts: false` is the very opposite), so the manifest is without them while the
 * install runs, and back, with its time stamp, before the tree is kept.
 */
export function withoutRootScripts(install: string): string {
  const names = LIFECYCLE.map((name) => `"${name}"`).join(',');
  const strip =
    `const fs=require("fs"),m=JSON.parse(fs.readFileSync("package.json","utf8").replace(/^\\uFEFF/,""));` +
    `for(const s of [${names}])delete m.scripts[s];fs.writeFileSync("package.json",JSON.stringify(m,null,2))`;
  return `cp -p package.json .package.json.kept && node -e '${strip}' && ${install} && mv .package.json.kept package.json`;
}

/** How a script of the manifest is run. */
export function runScript(manager: PackageManagerChoice, script: string): string {
  return `${manager.name} run ${script}`;
}

/** How a program that a dependency brings is run, without fetching anything. */
export function runProgram(manager: PackageManagerChoice, command: string): string {
  switch (manager.name) {
    case 'npm':
      return `npx --no-install ${command}`;
    case 'pnpm':
      return `pnpm exec ${command}`;
    case 'yarn':
      return `yarn run ${command}`;
    case 'bun':
      return `bunx --no-install ${command}`;
  }
}

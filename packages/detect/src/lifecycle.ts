import type { Manifest } from './manifest.ts';

/** The root's scripts that an install runs by itself, in the order in which npm runs them. */
export const LIFECYCLE = [
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'prepare',
  'postprepare',
] as const;

/** Git hooks have no place in a deployment, and husky fails where there is no Git directory. */
const HUSKY =
  /^(?:(?:npx )?is-ci \|\| )?(?:npx )?husky(?: install(?: [\w./-]+)?)?(?: \|\| (?:true|:|exit 0|echo .*))?$/;
/** Guards against the wrong package manager, which reads the user agent of the install itself. */
const GUARD = /^(?:npx |pnpm dlx )?(?:-y )?only-allow \w+$/;

export interface LifecycleScripts {
  /** Names of scripts that the build has to run, in order. */
  readonly run: readonly string[];
  /** Those that are left out, and why. */
  readonly leftOut: readonly { readonly name: string; readonly because: string }[];
}

/** What an install would run of the app's own: it may need sources, which install does not see. */
export function lifecycleOf(manifest: Manifest): LifecycleScripts {
  const run: string[] = [];
  const leftOut: { name: string; because: string }[] = [];
  for (const name of LIFECYCLE) {
    const script = manifest.scripts[name]?.trim();
    if (script === undefined || script === '') continue;
    if (HUSKY.test(script))
      leftOut.push({ name, because: `"${script}" sets up Git hooks, which a deployment has no use for` });
    else if (GUARD.test(script))
      leftOut.push({ name, because: `"${script}" only checks which package manager installs` });
    else run.push(name);
  }
  return { run, leftOut };
}

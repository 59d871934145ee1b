import { type Details, groups, phrase, type Rule, type Sight, sign } from '../rule.ts';

const OUTPUT = /\/(?:dist|build|out|lib|output|\.output|\.next|target|public)\//;

export const buildOutput: readonly Rule[] = [
  {
    cause: 'build_output_missing',
    fault: 'user',
    stages: ['build', 'package', 'health', 'migrate', 'switch'],
    patterns: [
      sign(
        'could not find a production build',
        /Could not find a production build in the '(?<path>[^']+)' directory/,
        95,
      ),
      sign(
        ['next build', '.next', 'nuxt build', 'build directory', 'no build found', 'run `'],
        /(?:[Cc]ould not find|[Nn]o|[Mm]issing|Cannot find) (?:a |the )?(?:production |valid )?build(?: output| directory| folder)?(?: found)?(?: (?:in|at|for) ["'`]?(?<path>[\w./-]+))/,
        88,
      ),
      sign('cannot find module', /Error: Cannot find module '(?<path>(?:\/|file:\/\/)[^']+)'/, 86, ownEntry),
      sign(
        'cannot find module',
        /Cannot find module '(?<path>\/[^']*\/(?:dist|build|out|lib|\.output|\.next)\/[^']+)'$/,
        80,
        ownEntry,
      ),
      sign(
        ['enoent'],
        /ENOENT: no such file or directory, (?:open|stat|lstat|scandir|access) '(?<path>[^']*(?:\/|^)(?:dist|build|out|\.next|\.output|public|target)(?:\/[^']*)?)'/,
        84,
        (match) => (/node_modules|config/.test(match.groups?.['path'] ?? '') ? null : groups(match)),
      ),
      sign(
        'enoent',
        /ENOENT: no such file or directory, (?:open|stat|lstat) '(?<path>[^']*(?:BUILD_ID|build-manifest\.json|prerender-manifest\.json|routes-manifest\.json|index\.html|manifest\.json))'/,
        88,
      ),
      sign('cannot open: no such file', /tar: (?<path>\S+): Cannot (?:open|stat): No such file/, 90),
      sign(
        ['cannot stat', 'no such file or directory', 'cannot access'],
        /(?:cp|mv|rsync|ls|cd|zip|scp|ln|chmod|rsync error): (?:(?:\w+: )?line \d+: )?(?:cannot (?:stat|access|copy)|can't (?:stat|cd to|open)|link_stat|change_dir|failed to access)? ?['"‘]?(?<path>[\w./*-]*[\w/*-])['"’]?:? .{0,20}(?:No such file or directory|No match|failed: No such)/,
        86,
      ),
      sign("can't cd to", /(?:cd|sh|bash): (?:line )?\d*:? ?(?:cd: )?can't cd to (?<path>\S+)/, 82),
      sign(['cd: ', 'no such file or directory'], /cd: (?:\d+: )?(?<path>[\w./-]+): No such file or directory/, 84),
      sign('unable to access jarfile', /Unable to access jarfile (?<path>\S+)/, 93),
      sign(['could not find or load main class'], /Could not find or load main class (?<path>\S+)/, 86),
      sign(['no main manifest attribute'], /no main manifest attribute, in (?<path>\S+)/, 90),
      sign(
        ['output directory', 'publish directory', 'build directory', 'out dir', 'build folder'],
        /(?:[Oo]utput|[Pp]ublish|[Bb]uild|[Dd]eploy) (?:directory|folder|dir) ["'`]?(?<path>[\w./-]+?)["'`]? (?:was |is )?(?:not found|does not exist|missing|empty)|No [Oo]utput [Dd]irectory named ["'](?<named>[^"']+)["'] found/i,
        93,
      ),
      sign(
        ['does not exist', 'directory "'],
        /(?:[Dd]irectory|[Ff]older|[Pp]ath) ["'](?<path>[^"']*(?:dist|build|out|public|\.next|\.output)[^"']*)["'] does not exist/,
        86,
      ),
      sign(
        ['executable file not found in', 'starting container process caused', 'unable to start container process'],
        /exec: "(?<path>[^"]+)": (?:(?:stat|executable file not found)[^:]*(?:not found in \$PATH|no such file or directory)|executable file not found in \$PATH)/,
        90,
        (match, { output, failure }) =>
          /oci runtime|container process/.test(output.lowerCase) ||
          failure.stage === 'switch' ||
          failure.stage === 'health'
            ? { ...groups(match), message: match[0] }
            : null,
      ),
      sign(
        ['no such file or directory'],
        /exec(?:ve)?:? (?:failed: )?["']?(?<path>\/[\w./-]+)["']?: no such file or directory/i,
        80,
      ),
      sign(["can't open file"], /can't open file '(?<path>[^']+)': \[Errno 2\]/, 90),
      sign(
        ["cannot open '", 'no such file'],
        /(?:node|deno|bun|ruby|php|python\d?)(?::)? .*?(?:Could not open input file:|No such file or directory --|can't open file|Module not found "?) ?(?<path>\S+?)"? ?(?:\(LoadError\))?$/,
        86,
      ),
      sign('could not open input file', /Could not open input file: (?<path>\S+)/, 90),
      sign('module not found "', /error: Module not found "(?<path>[^"]+)"/, 72, (match) =>
        OUTPUT.test(`/${match.groups?.['path'] ?? ''}`) ? groups(match) : null,
      ),
      sign(
        'failed at step exec',
        /Failed (?:at step EXEC spawning|to locate executable) (?<path>\S+): No such file/,
        92,
      ),
    ],
    words: ({ path, named: other, message }) => ({
      title: `The build did not make ${path ?? other ?? 'what is needed'}`,
      explanation: `It is expected there after the build, and is not${phrase(' (', message, ')')}.`,
      fix: `See in the build’s log where it wrote its output. Then build into ${path ?? other ?? 'that place'}, or name the right one: \`start\` or \`static.directory\` in switchyard.json.`,
    }),
  },
];

/** An own file that nothing requires is what was to be started: a missing output, not a missing import. */
export function isEntry(specifier: string, { search, near, failure }: Sight): boolean {
  if (!/^(?:\/|file:)/.test(specifier) || specifier.includes('node_modules') || /imported from/.test(near(0)))
    return false;
  if (search(/^\s*- \//, 4) !== null) return false;
  return OUTPUT.test(specifier) || failure.stage === 'health' || failure.stage === 'switch';
}

function ownEntry(match: RegExpExecArray, sight: Sight): Details | null {
  return isEntry(match.groups?.['path'] ?? '', sight) ? groups(match) : null;
}

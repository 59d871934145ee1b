import { type Details, firstIn, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

/** The first file of the app that stands near: of its own, not of a package. */
const OWN_FILE: readonly [RegExp, number] = [/(?<file>(?!.*node_modules)\.?\/?[\w./-]+\.config\.[cm]?[jt]s)/, 4];

export const buildConfiguration: readonly Rule[] = [
  {
    cause: 'build_config_invalid',
    fault: 'user',
    stages: ['environment', 'build', 'package', 'health'],
    patterns: [
      sign('set: not found', /(?:sh|bash): (?:line )?\d+: (?:SET|set): not found/i, 92, (_, { output }) => ({
        ...groups(firstIn(output, ['set '], /(?<setting>SET \w+=[^\s&]+)/i)),
        shell: 'Windows',
      })),
      sign(
        "couldn't find an eslint.config",
        /couldn't find an eslint\.config\.\(js\|mjs\|cjs\) file/,
        93,
        named({ file: 'eslint.config.js' }),
      ),
      sign(
        ["couldn't find a configuration file", 'no eslint configuration found'],
        /ESLint couldn't find a configuration file|No ESLint configuration found in (?<file>\S+)/,
        92,
      ),
      sign(
        [
          "eslint couldn't find the config",
          "eslint couldn't find the plugin",
          'failed to load config "',
          'failed to load plugin',
        ],
        /(?:ESLint couldn't find the (?:config|plugin)|Failed to load (?:config|plugin|parser)) ["'](?<setting>[^"']+)["'](?: (?:to extend from|declared in '?(?<file>[^']+)))?/,
        92,
      ),
      sign('invalid option', /Invalid option '(?<setting>--[\w-]+)'/, 86),
      sign(
        ['error:', 'key "'],
        /(?:TypeError|Error|ConfigError): (?:Key "(?<setting>[^"]+)": |Config \(unnamed\): )(?<message>.+)/,
        84,
      ),
      sign(
        ['eslint configuration in', 'configuration for rule'],
        /(?:ESLint configuration in (?<file>\S+) is invalid|Configuration for rule "(?<setting>[^"]+)" is invalid)/,
        92,
      ),
      sign('can not be exported', /Error for page (?<page>\S+): pages with `(?<setting>\w+)` can not be exported/, 93),
      sign(
        ['"output: export"', "output: 'export'", '"output: \'export\'"', 'with "output"'],
        /(?:Page "(?<page>[^"]+)"|export const dynamic = "[^"]+" on page "(?<other>[^"]+)"|.{0,60}) (?:is missing "(?<setting>generateStaticParams\(\))"|cannot be used with "?output)/,
        93,
      ),
      sign("couldn't find any `pages`", /Couldn't find any `pages` or (?<file>`app`) directory/, 93),
      sign(
        '`pages` and `app` directories should be under the same folder',
        /(?<setting>`pages` and `app`) directories should be under the same folder/,
        92,
      ),
      sign(
        ['invalid next.config', 'configuring next.js via', 'unrecognized key'],
        /(?:Invalid (?<file>next\.config\.\w+) options detected|Configuring Next\.js via '(?<config>next\.config\.\w+)' is not supported)/,
        90,
      ),
      sign(
        ['failed to load next.config', 'failed to load config from'],
        /[Ff]ailed to load (?:config from )?(?<file>\S+\.config\.\w+)/,
        56,
      ),
      sign('is not a valid', /Specified "(?<setting>[^"]+)" (?:is not|must be|should).*next/i, 84),
      sign(
        'error ts',
        /(?<file>tsconfig[\w.]*\.json)\((?<line>\d+),(?<column>\d+)\): error (?<code>TS\d+): (?<message>.+)/,
        94,
      ),
      sign(
        'error ts',
        /(?<file>tsconfig[\w.]*\.json):(?<line>\d+):(?<column>\d+) - error (?<code>TS\d+): (?<message>.+)/,
        94,
      ),
      sign(
        ['error ts5', 'error ts6', 'error ts18'],
        /^error (?<code>TS(?:5\d\d\d|60\d\d|18\d\d\d)): (?<message>.*?(?<file>'[^']+')?.*)/,
        90,
      ),
      sign('error ts6053', /error (?<code>TS6053): File '(?<file>[^']+)' not found/, 91),
      sign(
        ['could not resolve entry module', 'could not resolve entry'],
        /Could not resolve entry (?:module )?["'(]?(?<file>[^"')\s]+)/,
        94,
      ),
      sign('entry module not found', /Entry module not found: Error: Can't resolve '(?<file>[^']+)'/, 94),
      sign(
        ['could not load ', 'entry point'],
        /(?:Cannot find entry|Entry point .* cannot be (?:found|marked as external)|The entry point "(?<file>[^"]+)" cannot be marked|No input files?|Cannot find (?<path>\S+))(?:$| for)/,
        70,
      ),
      sign(
        ['invalid configuration object', 'invalid options object'],
        /(?<file>Invalid (?:configuration|options) object)\. (?<message>.+)/,
        90,
        withNear([/^ - (?<setting>configuration\S*) .+/, 2]),
      ),
      sign(
        ['to use the', 'trying to use `tailwindcss` directly', 'tailwindcss directly as a postcss plugin'],
        /trying to use `(?<setting>tailwindcss)` directly as a PostCSS plugin/,
        93,
      ),
      sign(
        'loading postcss plugin failed',
        /(?:Loading PostCSS [Pp]lugin failed|Failed to load PostCSS config).*?(?:Cannot find module '(?<setting>[^']+)')?/,
        78,
        withNear([/Cannot find module '(?<setting>[^']+)'/, 2], OWN_FILE),
      ),
      sign(
        [
          'unknown option',
          'unknown or unexpected option',
          'unknown argument',
          'unrecognized option',
          'unexpected argument',
          'unknown options',
          'cacerror',
          'unknown flag',
        ],
        /(?:CACError: |error: |Error: |\[webpack-cli\] (?:Error: )?)?(?:[Uu]nknown (?:or unexpected )?(?:option|argument|flag)s?|[Uu]nrecognized option|unexpected argument):? ['"`]?(?<setting>-{1,2}[\w-]+)/,
        84,
      ),
      sign('cannot apply unknown utility class', /Cannot apply unknown utility class:? `?(?<setting>\S+?)`?$/, 92),
      sign(['class does not exist', 'does not exist. if'], /The `(?<setting>[^`]+)` class does not exist/, 92),
      sign(['unknown at rule', 'unknown word'], /(?<file>\S+\.s?css):(?<line>\d+):\d+: (?<message>Unknown word.*)/, 78),
      sign(
        [
          "cannot find module '@babel",
          "cannot find module 'babel",
          'plugin/preset files are not allowed',
          'requires babel',
        ],
        /(?<message>Plugin\/Preset files are not allowed to export objects.*|Requires Babel "[^"]+".*)/,
        88,
      ),
      sign('unknown browser query', /Unknown browser query `(?<setting>[^`]+)`/, 90),
      sign(
        ['project target does not exist', 'does not exist in workspace', 'schema validation failed', 'data path "'],
        /(?:Project target does not exist|Schema validation failed|Data path "(?<setting>[^"]*)" must)/,
        84,
      ),
      sign(['budgets', 'exceeded maximum budget'], /(?<setting>\S+) (?:initial )?exceeded maximum budget/, 90),
      sign(
        ['turbo.json', 'found `pipeline` field'],
        /(?:Found (?<setting>`pipeline`) field instead of `tasks`|(?:Could not (?:find|parse|resolve)|invalid|error (?:reading|parsing)).{0,30}(?<file>turbo\.json))/i,
        91,
      ),
      sign('missing `packagemanager` field', /[Mm]issing `?(?<setting>packageManager)`? field in package\.json/, 91),
      sign('could not resolve workspaces', /Could not resolve workspaces/, 80),
      sign(['externally-managed-environment', 'externally managed'], /(?<setting>externally-managed-environment)/, 93),
      sign(
        ['no module named pip', 'no module named venv', 'ensurepip is not available'],
        /No module named (?<setting>pip|venv)|(?<tool>ensurepip) is not available/,
        88,
      ),
      sign(
        ['multiple top-level packages discovered', 'no file/folder found for package'],
        /(?<setting>Multiple top-level (?:packages|modules) discovered)|No file\/folder found for package (?<file>\S+)/,
        91,
      ),
      sign(
        ['\\r', '^m', 'bad interpreter'],
        /(?:env: ['‘]?(?<setting>[\w-]+)(?:\\r|\^M|\r)['’]?: No such file|bad interpreter: (?<file>[^:]+)(?:\^M|\\r)?: (?:no such file|No such file)|\$'\\r': (?<shell>command not found)|(?<interpreter>\S+)\^M: )/,
        94,
        (match) => ({ ...groups(match), lineEnds: 'CRLF' }),
      ),
      sign(
        'not found',
        /^(?:\/bin\/)?(?:sh|bash|ash|dash): (?:line )?\d+: (?<file>\.{0,2}\/?[\w./-]+\.(?:sh|bash|py|pl|rb)): not found/,
        90,
        named({ lineEnds: 'CRLF' }),
      ),
      sign(
        ['exec format error', 'no such file or directory'],
        /exec (?<file>\/[\w./-]+\.sh): (?:no such file or directory|exec format error)/,
        93,
        named({ lineEnds: 'CRLF' }),
      ),
      sign(
        [
          'syntax error',
          'unexpected end of file',
          'unterminated quoted string',
          'bad substitution',
          'bad variable name',
          'event not found',
        ],
        /^(?:(?<file>[\w./-]+): )?(?:(?:\/(?:usr\/)?bin\/)?(?:sh|bash|dash|ash)(?:: -c)?: |)(?:line |-c: line )?(?<line>\d+): (?<message>[Ss]yntax error:? .+|unexpected EOF while looking for matching.+|Bad substitution|bad substitution|.*bad variable name|Unterminated quoted string)/,
        90,
        shellSyntax,
      ),
      sign(
        ['invalid reference format', 'invalid argument "', 'invalid tag', 'repository name must be lowercase'],
        /(?:invalid argument "(?<setting>[^"]+)" for "-t, --tag" flag|invalid (?:tag|reference) (?:"(?<tag>[^"]+)"|format)|(?<message>repository name must be lowercase))/,
        93,
        (match, { output }) => ({
          ...groups(
            firstIn(
              output,
              ['docker '],
              /docker (?:build|tag|push|run|pull) .*?(?:-t )?(?<image>[\w.-]+(?:\/[\w.-]+)*:[^\s]*)/,
            ),
          ),
          ...groups(match),
        }),
      ),
      sign(
        ['failed to parse', 'yaml:'],
        /(?:yaml: line (?<line>\d+): (?<message>.+)|(?:error|failed)[\w ]*pars(?:e|ing) (?<file>\S+\.ya?ml))/i,
        84,
      ),
      sign(
        ['configuration property', 'invalid config'],
        /(?:error|Error).{0,20}(?:[Ii]nvalid|[Uu]nknown) (?:config(?:uration)?(?: property| option| key)?):? ["'`]?(?<setting>[\w.-]+)/,
        76,
      ),
      sign(
        'prisma schema validation',
        /Prisma schema validation/,
        74,
        withNear([/^error: (?<message>.+)/, 4], [/-->\s+(?<file>\S+:\d+)/, 6]),
      ),
      sign(
        ['could not find prisma schema', 'could not find a schema.prisma', 'could not load `--schema`'],
        /Could not (?:find|load) (?:a )?(?:Prisma [Ss]chema|schema\.prisma|`--schema`).*?(?<file>prisma\/schema\.prisma|\S+\.prisma)?/,
        90,
      ),
    ],
    words: ({
      file,
      path,
      line,
      setting,
      tag,
      image,
      page,
      other,
      message,
      shell,
      lineEnds,
      interpreter,
      code,
      config,
      tool,
    }) => {
      const what = file ?? path ?? config ?? setting ?? tag ?? image ?? interpreter ?? tool ?? message;
      if (shell === 'Windows')
        return {
          title: `The script is written for the Windows shell: ${setting ?? 'SET'}`,
          explanation: 'Builds run in a POSIX shell, where SET is no command.',
          fix: 'Write `NAME=value command`, or use `cross-env NAME=value command`, which works on both.',
        };
      if (lineEnds !== undefined)
        return {
          title: `The script ${what ?? ''} can’t be run as it is`.replace('  ', ' '),
          explanation:
            'The file is there, and its first line names a program that is not: mostly because its lines end in the way of Windows (CRLF), so that `bash\\r` is looked for.',
          fix: `Save ${file ?? 'it'} with LF line ends and keep them so: \`*.sh text eol=lf\` in .gitattributes, then \`git add --renormalize .\``,
        };
      return {
        title: `The configuration is not valid${phrase(': ', what)}${phrase(', line ', line)}`,
        explanation: `${phrase('', code, ': ')}${message ?? `The tool can’t work with ${what ?? 'its configuration'}`}${phrase(' (page ', page ?? other, ')')}.`,
        fix: `Correct ${what ?? 'the configuration'}, or add it where it is missing; try the command locally.`,
      };
    },
  },
];

function shellSyntax(match: RegExpExecArray, { output }: Sight): Details | null {
  if (/pg_|psql|sql/i.test(match.groups?.['file'] ?? '')) return null;
  const command = firstIn(output, ['> '], /^> (?<setting>(?![^\s@]+@\S+ )(?!\S+$).+)/);
  return { ...groups(command), ...groups(match) };
}

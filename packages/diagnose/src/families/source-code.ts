import { type Details, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

function countErrors(match: RegExpExecArray, { output }: Sight): Details {
  const errors = output.lines.filter(({ bare }) => /\berror TS\d+:|\bTS\d{4}: /.test(bare)).length;
  return { ...groups(match), ...(errors > 1 ? { errors } : {}) };
}

export const sourceCode: readonly Rule[] = [
  {
    cause: 'type_error',
    fault: 'user',
    stages: ['build'],
    patterns: [
      sign(
        ['error[e0'],
        /error\[(?<code>E0(?!432|433|463)\d{3})\]: (?<message>.+)/,
        84,
        withNear([/-->\s+(?<file>[^:\s]+):(?<line>\d+):(?<column>\d+)/, 4]),
      ),
      sign(
        ['.java', '.kt'],
        /(?:\[ERROR\] |e: (?:file:\/\/)?)?(?<file>\/?[\w./-]+\.(?:java|kt)):\[?(?<line>\d+)[,:](?<column>\d+)\]? (?:error: )?(?<message>(?!error: release).+)/,
        82,
      ),
      sign('error: ', /(?<file>[\w./-]+\.java):(?<line>\d+): error: (?<message>(?!.*package .* does not exist).+)/, 83),
      sign(
        '.go:',
        /^(?:\.\/)?(?<file>[\w./-]+\.go):(?<line>\d+):(?<column>\d+): (?<message>(?!.*(?:syntax error|no required module|cannot find package|missing go\.sum)).+)/,
        80,
      ),
      sign(
        'error cs',
        /(?<file>[\w./\\-]+\.cs)\((?<line>\d+),(?<column>\d+)\): error (?<code>CS\d+): (?<message>.+)/,
        84,
      ),
      sign(
        ['svelte-check', 'vue-tsc', 'error ts', 'ts('],
        /^(?<file>[\w./@-]+\.(?:svelte|vue|astro)):(?<line>\d+):(?<column>\d+)(?:$| - error| Error:?)\s?(?<code>(?:TS|ts\()\d+\)?)?:? ?(?<message>.*)/,
        80,
      ),
      sign(
        ['error ts'],
        /^\s*Error: (?<file>[\w./@-]+\.ts):(?<line>\d+):(?<column>\d+) - error (?<code>TS\d+): (?<message>.+)/,
        83,
        countErrors,
      ),
      sign(
        ['✘ [error]', '[error] ts'],
        /\[ERROR\] (?<code>(?:TS|NG)-?\d+): (?<message>.+)/,
        85,
        withNear([/^\s*(?<file>[\w./@-]+\.\w+):(?<line>\d+):(?<column>\d+):/, 4]),
      ),
      sign(
        ['unable to compile typescript', 'tserror'],
        /TSError: ⨯ Unable to compile TypeScript/,
        84,
        withNear([/(?<file>[\w./-]+\.ts)[:(](?<line>\d+)[:,](?<column>\d+)\)?:? .*?(?<code>TS\d+): (?<message>.+)/, 4]),
      ),
      sign(['mypy', 'error: '], /^(?<file>[\w./-]+\.py):(?<line>\d+): error: (?<message>.+)/, 80),
      {
        hints: ['error ts'],
        regex:
          /^(?<file>(?!tsconfig)[^\s(:][^(:]*)\((?<line>\d+),(?<column>\d+)\): error (?<code>TS(?!2307|2792|1\d\d\d:|5\d\d\d:|6\d\d\d:)\d+): (?<message>.+)/,
        weight: 82,
        take: countErrors,
      },
      {
        hints: ['error ts', ' - error'],
        regex:
          /^(?<file>[^\s(:]+):(?<line>\d+):(?<column>\d+) - error (?<code>TS(?!2307|2792|1\d\d\d:)\d+): (?<message>.+)/,
        weight: 82,
        take: countErrors,
      },
      {
        hints: ['type error:'],
        regex: /^Type error: (?<message>.+)/,
        weight: 86,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/^(?:\.\/)?(?<file>[\w./[\]()@-]+\.[cm]?tsx?):(?<line>\d+):(?<column>\d+)/, -4)),
        }),
      },
      {
        hints: ['ts2', 'ts7'],
        regex: /^\s*(?<code>TS\d{4}): (?<message>.+)/,
        weight: 80,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/(?:in|\[tsl\] ERROR in) (?<file>\S+?)(?:\((?<line>\d+),|:(?<row>\d+))/, -4)),
        }),
      },
    ],
    words: ({ file, line, column, code, message, errors }) => ({
      title: `Type error${phrase(' in ', file)}${phrase(':', line)}${phrase(':', column)}`,
      explanation: `${phrase('', code, ': ')}${message ?? 'The types do not fit.'}${phrase(' The first of ', errors, ' errors.')}`,
      fix: `Correct ${file ?? 'the file'}${phrase(', line ', line)}. \`npx tsc --noEmit\` shows all errors on your machine.`,
    }),
  },
  {
    cause: 'syntax_error',
    fault: 'user',
    stages: ['build', 'health'],
    patterns: [
      sign(['error ts1'], /^(?<file>[^\s(:]+):(?<line>\d+):\d+ - error (?<code>TS1\d\d\d): (?<message>.+)/, 85),
      sign(
        [
          'parse error',
          'unexpected token',
          'parse failure',
          'failed to parse',
          'expected',
          'you may need an appropriate loader',
        ],
        /^(?:\S+ )?(?:Module parse failed|Module build failed.*SyntaxError|ModuleParseError|RollupError|Parse (?:failure|error)|\[(?:PARSE_ERROR|vite:\w+|plugin [^\]]+|commonjs--resolver)\]|error during build:)[^:]*:? (?<message>.*(?:[Uu]nexpected|[Ee]xpected|[Uu]nterminated|[Pp]arse).*)/,
        86,
        withNear(
          [
            /(?:file: |ERROR in |^)(?:\.?\/)?(?<file>(?!.*node_modules)[\w./@-]+\.\w{2,6})(?::(?<line>\d+)(?::\d+)?)?/,
            4,
          ],
          [/(?:ERROR in |^)(?:\.?\/)?(?<file>(?!.*node_modules)[\w./@-]+\.\w{2,6})(?: (?<line>\d+):\d+)?/, -3],
        ),
      ),
      sign(
        ['syntaxerror:'],
        /(?:SyntaxError|BABEL_PARSE_ERROR): (?:\[\w+\] )?(?<file>\/?[\w./@-]+\.[cm]?[jt]sx?): (?<message>.+?)(?: \((?<line>\d+):\d+\))?$/,
        88,
      ),
      sign(
        ['transform failed with', 'error: '],
        /^(?<file>\/?[\w./@-]+\.\w+):(?<line>\d+):\d+: ERROR: (?<message>(?!Could not resolve|No matching export).+)/,
        88,
      ),
      sign(
        ['syntaxerror', 'indentationerror', 'taberror'],
        /^(?:SyntaxError|IndentationError|TabError): (?<message>.+)/,
        76,
        (match, { search }) => {
          const place = search(/File "(?<file>[^"]+)", line (?<line>\d+)/, -5);
          return place === null ? null : { ...groups(match), ...groups(place) };
        },
      ),
      sign(
        ['expected', 'unexpected', 'unterminated'],
        /^(?<file>[\w./@-]+\.\w{2,6}) \((?<line>\d+):\d+\): (?<message>(?:Expected|Unexpected|Unterminated).+)/,
        87,
      ),
      sign(
        ['syntax error'],
        /(?:PHP )?Parse error: +(?<message>syntax error.+?) in (?<file>\S+?)(?: on line |:)(?<line>\d+)|(?<rb>[\w./-]+\.rb):(?<row>\d+): (?<ruby>syntax error.+)|(?<go>[\w./-]+\.go):(?<at>\d+):\d+: (?<gosyntax>syntax error.+)/,
        90,
      ),
      sign(
        ['[vue/compiler', 'element is missing end tag', 'css syntax error', 'csssyntaxerror', 'svelte', 'compileerror'],
        /(?:\[vite:vue\] |CssSyntaxError: |CompileError: |\[vite-plugin-svelte\] |SyntaxError: )(?:(?<file>[\w./@-]+\.\w+):(?<line>\d+):\d+:? )?(?<message>.+)/,
        84,
        withNear([/(?<file>(?!.*node_modules)[\w./@-]+\.(?:vue|svelte|s?css)):(?<line>\d+)/, 4]),
      ),
      sign(
        'error: expected',
        /^error: (?<message>expected .+|unexpected closing delimiter.+|this file contains an unclosed delimiter)/,
        82,
        withNear([/-->\s+(?<file>[^:\s]+):(?<line>\d+)/, 4]),
      ),
      {
        hints: ['error ts1'],
        regex: /^(?<file>[^\s(:]+)\((?<line>\d+),\d+\): error (?<code>TS1\d\d\d): (?<message>.+)/,
        weight: 84,
        take: groups,
      },
      {
        hints: ['unexpected token', 'unterminated', 'syntax error', 'parse error', 'unexpected'],
        regex: /^Error: {2,}(?:x|×) (?<message>(?:Unexpected|Expected|Unterminated).+)/,
        weight: 88,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/^(?<file>\.\/\S+\.\w+)$/, -3)),
          ...groups(search(/,-\[\S*?:(?<line>\d+):\d+\]/, 4)),
        }),
      },
      {
        hints: ['[error]'],
        regex: /\[ERROR\] (?<message>(?:Expected|Unexpected|Unterminated|Syntax error).+)/,
        weight: 86,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/^\s*(?<file>[\w./@-]+\.\w+):(?<line>\d+):\d+:/, 4)),
        }),
      },
      {
        hints: ['[sass]', 'error:'],
        regex: /\[sass\] (?<message>Undefined (?:variable|mixin|function)|expected .+)/,
        weight: 88,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/^\s*(?<file>[\w./-]+\.s[ac]ss) (?<line>\d+):\d+/, 8)),
        }),
      },
      {
        hints: ['syntaxerror'],
        regex: /^SyntaxError: (?<message>(?!Cannot use import|The requested module).+)/,
        weight: 74,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/^(?:file:\/\/)?(?<file>\/\S+?\.[cm]?[jt]sx?):(?<line>\d+)/, -8)),
        }),
      },
    ],
    words: ({ file: found, line: number, message: said, rb, row, ruby, go, at, gosyntax }) => {
      const file = found ?? rb ?? go;
      const line = number ?? row ?? at;
      const message = said ?? ruby ?? gosyntax;
      return {
        title: `${file ?? 'A source file'}${phrase(':', line)} can’t be parsed`,
        explanation: `${message ?? 'The syntax is not valid'}.`,
        fix: `Correct ${file ?? 'the file'}${phrase(' at line ', line)} and push.`,
      };
    },
  },
  {
    cause: 'lint_error',
    fault: 'user',
    stages: ['build'],
    patterns: [
      sign(
        ['line ', 'failed to compile'],
        /^\s*Line (?<line>\d+):\d+:\s+(?<message>.+?)\s{2,}(?<rule>[\w@/-]+)$/,
        76,
        (match, sight) =>
          sight.output.lowerCase.includes('compiled with warnings')
            ? null
            : withNear([/^(?:\.\/)?(?<file>(?:src|app|pages)\/\S+\.\w+)$/, -12])(match, sight),
      ),
      sign(
        'error: ',
        /^(?<line>\d+):\d+\s+Error: (?<message>.+?)\s{2,}(?<rule>[\w@/-]+)$/,
        88,
        withNear([/^\.\/(?<file>\S+\.\w+)$/, -20]),
      ),
      sign(['lint/', 'found '], /^(?<file>[\w./@-]+\.\w+):(?<line>\d+):\d+ (?<rule>lint\/\S+)/, 84),
      sign(
        ['code style issues found', 'run prettier'],
        /Code style issues (?:found|were found) in .+|\[error\] (?<file>\S+): SyntaxError/,
        86,
        withNear([/^\[warn\] (?<file>\S+\.\w+)$/, -5]),
      ),
      sign('stylelint', /^\s*(?<line>\d+):\d+\s+✖\s+(?<message>.+?)\s{2,}(?<rule>[\w/-]+)$/, 82),
      sign(['ruff', 'flake8', 'found '], /^(?<file>[\w./-]+\.py):(?<line>\d+):\d+: (?<rule>[A-Z]{1,3}\d{3,4}) /, 82),
      {
        hints: ['treating warnings as errors'],
        regex: /Treating warnings as errors because process\.env\.CI = true/,
        weight: 92,
        take: (_, { search }) => ({
          promoted: true,
          ...groups(search(/^\[eslint\]\s*$/, 8)),
          ...groups(search(/^(?:\.\/)?(?<file>src\/\S+\.\w+)$/, 10)),
          ...groups(search(/Line (?<line>\d+):\d+:\s+.*?\s(?<rule>[\w@/-]+)$/, 12)),
        }),
      },
      {
        hints: ['eslint found too many warnings'],
        regex: /ESLint found too many warnings/,
        weight: 90,
        take: (_, { search }) => ({ promoted: true, ...lintLine(search, -20) }),
      },
      {
        hints: ['problem'],
        regex: /✖ \d+ problems? \((?<errors>[1-9]\d*) errors?/,
        weight: 84,
        take: (match, { search }) => ({ ...groups(match), ...lintLine(search, -20) }),
      },
    ],
    words: ({ file, line, rule, promoted }) => ({
      title: `The linter stopped the build${phrase(' at ', file)}${phrase(':', line)}`,
      explanation:
        promoted === true
          ? 'A warning counts as an error here (CI=true, or --max-warnings).'
          : 'The code breaks a rule that is set to error.',
      fix: `Correct ${file ?? 'the file'}${phrase(' (', rule, ')')}${promoted === true ? ', or set CI=false for the build if warnings should pass' : ''}.`,
    }),
  },
  {
    cause: 'prerender_error',
    fault: 'user',
    stages: ['build'],
    patterns: [
      sign(
        ['export encountered', 'exiting the build'],
        /Export encountered (?:an error on|errors on (?:the )?following paths?)[^:]*:? ?(?<page>\/\S*?)?(?:,|$)/,
        72,
        withNear([/^\s+(?<page>\/\S*?)(?::.*)?$/, 2]),
      ),
      sign(
        ['failed to collect page data', 'build optimization failed'],
        /Failed to collect page data for (?<page>\S+)/,
        78,
        (match, sight) => ({ ...groups(match), ...groups(sight.search(/^(?<message>\w*Error: .+)/, -30)) }),
      ),
      sign(
        ['took more than', 'failed to build', 'restarting'],
        /Failed to build (?<page>\/\S*)(?: after \d+ attempts| \(attempt)/,
        76,
      ),
      sign('building static html failed', /Building static HTML failed for path "(?<page>[^"]+)"/, 84),
      sign(
        ['error prerendering', 'errors while prerendering', 'exiting due to prerender errors'],
        /(?:Error prerendering|Exiting due to prerender errors)[^/]*(?<page>\/\S*)?/i,
        80,
        withNear([/(?:├─|└─|-) (?<page>\/\S*)/, -8]),
      ),
      {
        hints: ['error occurred prerendering page'],
        regex: /Error occurred prerendering page "(?<page>[^"]+)"/,
        weight: 78,
        take: (match, { search }) => ({ ...groups(match), ...groups(search(/^(?<message>\w*Error: .+)/, 4)) }),
      },
      {
        hints: ['prerendering'],
        regex: /Error: (?<status>\d{3}) (?<page>\/\S*) \(prerendered/,
        weight: 80,
        take: groups,
      },
    ],
    words: ({ page, message }) => ({
      title: `The page ${page ?? ''} failed while it was generated`,
      explanation: `${message ?? 'Its code threw an error during the build'}. What a page reads (data, variables, the browser’s window) has to be there at build time, or be read later.`,
      fix: `Correct the page ${page ?? ''}, or generate it at request time (\`export const dynamic = 'force-dynamic'\`).`,
    }),
  },
  {
    cause: 'tests_failed',
    fault: 'user',
    stages: ['build', 'package'],
    patterns: [
      sign(['failed'], /^\s*(?:Test Files|Tests)\s+(?<failed>[1-9]\d*) failed/, 82, (match, { search }) => ({
        ...groups(match),
        ...groups(search(/FAIL\s+(?<file>\S+) > (?<test>.+)/, -200)),
      })),
      sign('# fail ', /^# fail (?<failed>[1-9]\d*)/, 78, (match, { search }) => ({
        ...groups(match),
        ...groups(search(/^\s*not ok \d+ - (?<test>.+)/, -300)),
      })),
      sign('failing', /^\s*(?<failed>[1-9]\d*) failing$/, 84, withNear([/^\s+1\) (?<test>.+?):?$/, 4])),
      sign(['failed ', 'short test summary'], /^FAILED (?<test>\S+::\S+)(?: - (?<message>.+))?/, 86),
      sign('--- fail:', /^\s*--- FAIL: (?<test>\S+)/, 84),
      sign(['test result: failed', 'panicked at'], /^test (?<test>\S+) \.\.\. FAILED/, 84),
      sign(
        ['tests run:', 'there are test failures', 'there were failing tests'],
        /(?:Tests run: \d+, Failures: (?<failed>[1-9]\d*)|There are test failures|There were failing tests)/,
        82,
        withNear([/\[ERROR\]\s+(?<test>[\w.]+[#:.]\w+)/, 6]),
      ),
      sign(['examples, ', 'failures:'], /^rspec (?<test>\S+:\d+)|\d+ examples?, (?<failed>[1-9]\d*) failures?/, 82),
      sign(
        ['tests: ', 'failures: '],
        /^Tests: \d+, Assertions: \d+,.*Failures: (?<failed>[1-9]\d*)/,
        82,
        withNear([/^1\) (?<test>\S+)/, -60]),
      ),
      sign('● ', /^\s*● (?<test>(?!Console|Test suite failed).+)/, 60, (match, { output }) =>
        /tests:\s+(?:\d+ \w+, )*\d+ failed|\d+ failed/.test(output.lowerCase) ? groups(match) : null,
      ),
      sign(
        ['coverage threshold', 'coverage for'],
        /coverage (?:threshold )?for (?<test>\w+ \([^)]+\)) (?:not met|does not meet)/,
        82,
      ),
      { hints: ['not ok'], regex: /^not ok \d+ - (?<test>.+)/, weight: 76, take: groups },
      {
        hints: ['tests:'],
        regex: /^Tests:\s+(?<failed>[1-9]\d*) failed/,
        weight: 80,
        take: (match, { search }) => ({ ...groups(match), ...groups(search(/^\s*● (?<test>.+)/, -200)) }),
      },
      { hints: ['fail '], regex: /^\s*FAIL\s+(?<file>\S+)(?: > (?<test>.+))?/, weight: 74, take: groups },
    ],
    words: ({ test, file, failed }) => ({
      title: `A test failed: ${test ?? file ?? `${failed ?? ''} tests`}`,
      explanation: 'The command of this stage runs tests, and one of them did not pass.',
      fix: `Run the test locally${phrase(' (', file, ')')} and correct the code or the test.`,
    }),
  },
];

function lintLine(search: Sight['search'], within: number): Details {
  return {
    ...groups(search(/^\s+(?<line>\d+):\d+\s+(?:warning|error)\s+.*?\s{2,}(?<rule>[\w@/-]+)$/, within)),
    ...groups(search(/^(?<file>\/?[\w./@-]+\.[cm]?[jt]sx?)$/, within)),
  };
}

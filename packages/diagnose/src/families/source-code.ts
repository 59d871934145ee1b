import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

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
    words: ({ file, line, message }) => ({
      title: `${file ?? 'A source file'}${phrase(':', line)} can’t be parsed`,
      explanation: `${message ?? 'The syntax is not valid'}.`,
      fix: `Correct ${file ?? 'the file'}${phrase(' at line ', line)} and push.`,
    }),
  },
  {
    cause: 'lint_error',
    fault: 'user',
    stages: ['build'],
    patterns: [
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
        hints: ['problems ('],
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

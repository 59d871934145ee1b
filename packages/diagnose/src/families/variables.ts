import { type Details, firstIn, groups, phrase, type Rule, type Sight } from '../rule.ts';

const NAME = '[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{4,}';

/** Names in a report of validation: `{ STRIPE_KEY: [ 'Required' ], … }`, over one line or several. */
function reported(_: RegExpExecArray, { output, at }: Sight): Details {
  const names = new Set<string>();
  for (const { bare } of output.lines.slice(at, at + 15)) {
    for (const [, name] of bare.matchAll(/["']?\b([A-Z][A-Z0-9_]{2,})["']?\s*:\s*\[?/g))
      if (name !== undefined) names.add(name);
  }
  return names.size > 0 ? { variable: [...names].slice(0, 8).join(', ') } : {};
}

/** What shells, runtimes and libraries call unset, and is no variable of the app. */
function named(match: RegExpExecArray): Details | null {
  const variable = match.groups?.['variable'];
  return variable === undefined ||
    /^(?:ERROR|WARN|INFO|HTTP|HTTPS|JSON|NODE_MODULE_VERSION|ENOENT|TRUE|FALSE|NULL|POST|DELETE|PATCH)$/.test(variable)
    ? null
    : { variable };
}

export const variables: readonly Rule[] = [
  {
    cause: 'env_var',
    fault: 'user',
    stages: ['build', 'migrate', 'health'],
    patterns: [
      {
        hints: ['environment variable not found'],
        regex: /Environment variable not found: (?<variable>\w+)/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['invalid environment variable', 'invalid environment'],
        regex: /Invalid environment(?: variables?)?:?/i,
        weight: 90,
        take: reported,
      },
      {
        hints: ['environment variable'],
        regex: new RegExp(
          `(?:[Mm]issing|[Uu]ndefined|[Uu]nset|[Rr]equired|[Pp]lease (?:set|provide))[^.]{0,40}\\b[Ee]nv(?:ironment)?(?:[ -]var(?:iable)?s?)?:? ["'\`]?(?<variable>${NAME})\\b`,
        ),
        weight: 88,
        take: named,
      },
      {
        hints: [
          ' not set',
          ' required',
          ' missing',
          ' not defined',
          ' must be set',
          ' undefined',
          ' must be defined',
          ' not provided',
        ],
        regex: new RegExp(
          `(?:^|[\\s"'\`:(])(?:env\\.|process\\.env\\.)?(?<variable>${NAME})["'\`)]? (?:environment variable )?(?:is|was|must be|has) (?:not |un|required|missing|set\\b|defined\\b|to be set)`,
        ),
        weight: 84,
        take: named,
      },
      { hints: ['keyerror'], regex: new RegExp(`^KeyError: '(?<variable>${NAME})'`), weight: 86, take: groups },
      {
        hints: ['must start with the protocol'],
        regex: /the URL must start with the protocol `(?<wanted>[^`]+)`/,
        weight: 92,
        take: (match, { search }) => ({
          ...groups(match),
          ...groups(search(/env\("(?<variable>\w+)"\)/, 6)),
          malformed: true,
        }),
      },
      {
        hints: ['please provide required params'],
        regex: /Please provide required params for (?<library>\w+) driver/,
        weight: 92,
        take: (match, { search }) => ({ ...groups(match), ...groups(search(/(?<setting>\w+: undefined)/, 5)) }),
      },
      {
        hints: ['failed to parse url from undefined', 'undefined/'],
        regex: /Failed to parse URL from (?<value>undefined\S*)/,
        weight: 90,
        take: (match, { output }) => ({
          ...groups(match),
          ...groups(firstIn(output, ['prerendering page'], /prerendering page "(?<page>[^"]+)"/)),
        }),
      },
      {
        hints: ['for connection option'],
        regex: /invalid (?:integer )?value (?<value>"[^"]*" for connection option "\w+")/,
        weight: 90,
        take: (match) => ({ ...groups(match), malformed: true }),
      },
      {
        hints: ['secret or public key must be provided', 'secretorprivatekey must have a value'],
        regex: /secretOrPrivateKey must have a value|secret or public key must be provided/,
        weight: 80,
        take: () => ({ variable: 'JWT_SECRET' }),
      },
    ],
    words: ({ variable, setting, value, wanted, malformed }, failure) => {
      const scope = failure.stage === 'build' || failure.stage === 'install' ? 'build' : 'run';
      const name = variable ?? setting ?? (malformed === true ? value : undefined) ?? 'A variable';
      return {
        title: malformed === true ? `${name} has a value that can’t be used` : `${name} is not set`,
        explanation:
          malformed === true
            ? `Its form is not what is expected${wanted === undefined ? '' : `: ${wanted}`}.`
            : `The ${failure.stage} stage needs it, and the app has no such variable there${phrase(': an address came out as "', value, '"')}.`,
        fix: `${malformed === true ? 'Correct' : 'Set'} ${variable ?? 'the variable that the line below asks for'} for this app (scope: ${scope}), then deploy again.`,
      };
    },
  },
];

import { type Details, firstIn, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

const NAME = '[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{4,}';
const NOT_A_VARIABLE =
  /^(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|HTTP|HTTPS|JSON|NODE_MODULE_VERSION|ENOENT|TRUE|FALSE|NULL|POST|DELETE|PATCH|PORTS?|URLS?|ERR_\w+|E[A-Z]{4,}|MODULE_NOT_FOUND|TABLE|COLUMN|INDEX|VALUE|NOTICE|HINT|DETAIL)$/;

/** Names in a report of validation, over one line or several: `{ STRIPE_KEY: [ 'Required' ], … }`, `- PORT: Required`. */
function reported(_: RegExpExecArray, { output, at }: Sight): Details {
  const names = new Set<string>();
  for (const { bare } of output.lines.slice(at, at + 25)) {
    for (const match of bare.matchAll(
      /["'`]?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{4,})\b["'`]?(?:\s*:|\s+is\b|\s+-|["'`]\s*[\],]|\s*\()/g,
    ))
      if (match[1] !== undefined && !NOT_A_VARIABLE.test(match[1])) names.add(match[1]);
    if (/^\s+at /.test(bare)) break;
  }
  return names.size > 0 ? { variable: [...names].slice(0, 8).join(', ') } : {};
}

/** What shells, runtimes and libraries call unset, and is no variable of the app. */
function variable(match: RegExpExecArray): Details | null {
  const { variable: one, list } = match.groups ?? {};
  const name = one ?? list;
  return name === undefined || NOT_A_VARIABLE.test(name) ? null : { variable: name };
}

export const variables: readonly Rule[] = [
  {
    cause: 'env_var',
    fault: 'user',
    stages: ['build', 'migrate', 'health'],
    patterns: [
      sign('environment variable not found', /Environment variable not found: (?<variable>\w+)/, 95),
      sign('cannot resolve environment variable', /[Cc]annot resolve environment variable:? ?(?<variable>\w+)/, 94),
      sign(
        [
          'invalid environment',
          'environment validation',
          'env validation',
          'invalid env',
          'missing or invalid env',
          'environment variables are missing',
          'validation of environment',
        ],
        /(?:Invalid env(?:ironment)?(?: variables?)?|[Ee]nv(?:ironment)?(?: variables?)? [Vv]alidation (?:failed|error)|validation of environment variables failed|[Mm]issing (?:or invalid )?environment variables)/i,
        90,
        reported,
      ),
      sign(
        'config validation error',
        /Config validation error: ["'`]?(?<variable>[A-Z][A-Z0-9_]+)["'`]? (?:is required|must be|is not allowed to be empty)/,
        93,
      ),
      sign(
        'environment variable',
        new RegExp(
          `(?:[Mm]issing|[Uu]ndefined|[Uu]nset|[Rr]equired|[Pp]lease (?:set|provide|define)|[Ss]et|[Nn]o|not find|[Ee]xpected|without)[^.]{0,50}\\b[Ee]nv(?:ironment)?(?:[ -]var(?:iable)?s?)?(?: named)?[:,]? ["'\`]?(?<variable>${NAME})\\b`,
        ),
        89,
        variable,
      ),
      sign(
        ['environment variable', 'env var'],
        new RegExp(
          `(?:^|[\\s"'\`(])(?<variable>${NAME})["'\`)]? (?:environment variable|env(?:ironment)? var(?:iable)?)`,
        ),
        82,
        (match) =>
          /\b(?:missing|required|not|unset|undefined|empty|invalid|must)\b/i.test(match.input) ? variable(match) : null,
      ),
      sign(
        ['environment variable', 'env var', 'env variable'],
        new RegExp(
          `[Ee]nv(?:ironment)? ?var(?:iable)?s? ["'\`]?(?<variable>${NAME})["'\`]? (?:is |are |was |must |needs |has )`,
        ),
        89,
        variable,
      ),
      sign(
        [
          ' not set',
          ' required',
          ' missing',
          ' not defined',
          ' must be set',
          ' undefined',
          ' must be defined',
          ' not provided',
          ' unset',
          ' not configured',
          ' not found',
          ' empty',
          ' to be set',
          ' be provided',
          ' not specified',
        ],
        new RegExp(
          `(?:^|[\\s"'\`:(❌✖×])(?:env\\.|process\\.env\\.|import\\.meta\\.env\\.|ENV\\[?["']?)?(?<variable>${NAME})["'\`)\\]]{0,2} (?:(?:environment |env )?var(?:iable)? )?(?:(?:is|was|are|has|must|needs|should|cannot|can't) (?:not |be |been |un|required|missing|empty|set\\b|defined\\b|to be set|provided)|(?:not|unset|missing|required|undefined)\\b)`,
        ),
        85,
        (match) => (/module|package|column|relation|table|command/i.test(match[0]) ? null : variable(match)),
      ),
      sign(
        [
          'missing required',
          'missing ',
          'required variable',
          'must provide',
          'must set',
          'please set',
          'please provide',
        ],
        new RegExp(
          `(?:[Mm]issing(?: required)?|[Mm]ust (?:set|provide|specify)|[Pp]lease (?:set|provide|define|specify)|[Rr]equired)(?: the)?(?: (?:env|config|setting|secret|key|value|variable|configuration|option))?(?: (?:for|var|variable|key|value))?:? ["'\`$]*\\{?(?:process\\.env\\.)?(?<variable>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\\b`,
        ),
        84,
        variable,
      ),
      sign(
        'parameter not set',
        /(?:^|: )(?<variable>[A-Z][A-Z0-9_]+): (?:parameter (?:null or )?not set|unbound variable)/,
        90,
      ),
      sign('unbound variable', /(?<variable>[A-Za-z_]\w*): unbound variable/, 90),
      sign('keyerror', new RegExp(`KeyError: ['"](?<variable>${NAME})['"]`), 88),
      sign(
        'key not found: "',
        /KeyError: key not found: "(?<variable>[A-Z][A-Z0-9_]+)"|key not found: "(?<list>[A-Z][A-Z0-9_]+)"/,
        90,
        variable,
      ),
      sign(
        ['improperlyconfigured', 'setting must not be empty', 'undefinedvalueerror'],
        /(?:ImproperlyConfigured: (?:Set the |The )?(?<variable>[A-Z][A-Z0-9_]+)|UndefinedValueError: (?<list>[A-Z][A-Z0-9_]+) not found)/,
        92,
        variable,
      ),
      sign('validation error for settings', /validation errors? for \w*(?:Settings|Config)\w*/, 90, (_, { search }) =>
        groups(search(/^(?<variable>[A-Za-z][A-Za-z0-9_]+)$/, 3)),
      ),
      sign(
        'no application encryption key',
        /No application encryption key has been specified/,
        94,
        named({ variable: 'APP_KEY' }),
      ),
      sign('secret_key_base', /Missing `?(?<variable>secret_key_base)`? for '(?<environment>\w+)' environment/, 94),
      sign(
        "couldn't decrypt config/credentials",
        /Missing encryption key to decrypt file with|(?:Couldn't|could not) decrypt config\/credentials/,
        92,
        named({ variable: 'RAILS_MASTER_KEY' }),
      ),
      sign(
        'missing encryption key to decrypt',
        /Missing encryption key to decrypt file with/,
        93,
        named({ variable: 'RAILS_MASTER_KEY' }),
      ),
      sign('could not resolve placeholder', /Could not resolve placeholder '(?<variable>[\w.-]+)' in/, 93),
      sign(
        'must start with the protocol',
        /(?:[Tt]he URL|the URL) must start with the protocol `(?<wanted>[^`]+)`/,
        93,
        (match, { search }) => ({
          ...groups(match),
          ...groups(search(/env\("(?<variable>\w+)"\)/, 8) ?? search(/env\("(?<variable>\w+)"\)/, -8)),
          malformed: true,
        }),
      ),
      sign(
        ['error validating datasource'],
        /Error validating datasource `(?<setting>[^`]+)`: (?<message>.+)/,
        88,
        (match, { search }) => ({
          ...groups(match),
          ...groups(search(/env\("(?<variable>\w+)"\)/, 8)),
          malformed: true,
        }),
      ),
      sign(
        'the provided database string is invalid',
        /(?:P1013|provided database string is invalid)\.?:? ?(?<message>.*)/,
        91,
        named({ malformed: true, variable: 'DATABASE_URL' }),
      ),
      sign('you must provide a nonempty url', /You must provide a nonempty URL/, 93, (_, { search }) => ({
        variable: 'DATABASE_URL',
        ...groups(search(/environment variable `(?<variable>\w+)`/, 2)),
      })),
      sign('resolved to an empty string', /environment variable `?(?<variable>\w+)`? resolved to an empty string/, 94),
      sign(
        'please provide required params',
        /Please provide required params for (?<library>[\w ]+) driver/,
        93,
        withNear([/(?<setting>\w+: (?:undefined|''|""))/, 5]),
      ),
      sign(
        [
          'either connection "url" or',
          'connection url is required',
          "'url' is required",
          'connectionstring is required',
        ],
        /(?<message>Either connection "?url"? or "host", "database" are required.*|connection ?(?:url|string) is required)/i,
        90,
        withNear([/(?<setting>\w+: undefined)/, 5]),
      ),
      sign(
        ['failed to parse url from undefined', 'undefined/', 'invalid url'],
        /Failed to parse URL from (?<value>undefined\S*|\/\S*|null\S*)/,
        91,
        (match, { output }) => ({
          ...groups(match),
          ...groups(firstIn(output, ['prerendering page'], /prerendering page "(?<page>[^"]+)"/)),
        }),
      ),
      sign('invalid url', /^(?:Uncaught )?TypeError(?: \[ERR_INVALID_URL\])?: Invalid URL/, 72, (_, { search }) => {
        const input = search(/input: '(?<value>[^']*)'/, 14)?.groups?.['value'];
        return { malformed: true, ...(input === undefined ? {} : { value: input }) };
      }),
      sign(
        'for connection option',
        /invalid (?:integer )?value (?<value>"[^"]*" for connection option "\w+")/,
        92,
        named({ malformed: true }),
      ),
      sign(
        [
          'invalid port',
          'invalid connection option',
          'missing "=" after',
          'invalid uri',
          'could not translate host',
          'invalid dsn',
        ],
        /(?<value>invalid port number: "[^"]*"|missing "=" after "[^"]*" in connection info string|invalid (?:URI|connection) (?:query parameter|option).*|Invalid DSN.*)/i,
        88,
        named({ malformed: true }),
      ),
      sign(
        ['could not parse sqlalchemy url', 'could not parse rfc1738'],
        /Could not parse (?:SQLAlchemy|rfc1738) URL from (?:(?:given )?URL )?string ?'?(?<value>[^']*)/,
        93,
        named({ malformed: true, variable: 'DATABASE_URL' }),
      ),
      sign(
        ['expected sqlalchemy url', 'nonetype'],
        /Expected string or URL object, got (?<value>None)/,
        92,
        named({ variable: 'DATABASE_URL' }),
      ),
      sign(
        ['options.port should be', 'port should be >= 0', 'err_socket_bad_port', 'invalid port'],
        /(?:options\.port should be|[Pp]ort should be) >= 0 and < 65536\. Received (?:type \w+ )?\(?(?<value>[^)]*)\)?/,
        90,
        named({ variable: 'PORT', malformed: true }),
      ),
      sign(
        ['sasl: scram', 'client password must be a string'],
        /SCRAM-SERVER-FIRST-MESSAGE: client password must be a (?:non-empty )?string/,
        91,
        named({ variable: 'the database password' }),
      ),
      sign(
        [
          'secret or public key must be provided',
          'secretorprivatekey must have a value',
          'jwtstrategy requires a secret',
          'secret option required for sessions',
          'please define a `secret`',
          'missingsecret',
          'no_secret',
        ],
        /(?:(?:secretOrPrivateKey) must have a value|secret or public key must be provided|JwtStrategy requires a (?<setting>secret or key)|secret option required for sessions|Please define a `secret` in production|MissingSecret|\[NO_SECRET\])/i,
        84,
        (match) => ({
          variable: /Auth|define a `secret`|Missing|NO_SECRET/.test(match[0])
            ? 'AUTH_SECRET'
            : /session/.test(match[0])
              ? 'SESSION_SECRET'
              : 'JWT_SECRET',
        }),
      ),
      sign(
        ['neither apikey nor config', 'api key', 'api_key'],
        new RegExp(
          `(?:Neither apiKey nor config\\.authenticator provided|(?:[Mm]issing|[Nn]o|[Ii]nvalid|provide an?|requires an?) (?<library>[\\w ]{0,20})API[ _-][Kk]ey.*?(?<variable>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)?)`,
        ),
        70,
        (match) => groups(match),
      ),
      sign(
        ['supabaseurl is required', 'supabasekey is required', 'is required.'],
        /(?<variable>supabaseUrl|supabaseKey|projectId|publishableKey|clientId|accountId|apiKey) is required\.?/i,
        84,
      ),
      sign('missing publishablekey', /Missing (?<variable>publishableKey|secretKey)/i, 86),
    ],
    words: ({ variable: name, setting, value, wanted, malformed, message }, failure) => {
      const scope =
        failure.stage === 'build' || failure.stage === 'install' || failure.stage === 'package' ? 'build' : 'run';
      const what = name ?? setting ?? (malformed === true ? value : undefined) ?? 'A variable';
      return {
        title: malformed === true ? `${what} has a value that can’t be used` : `${what} is not set`,
        explanation:
          malformed === true
            ? `Its form is not what is expected${phrase(': ', wanted ?? message ?? (what === value ? undefined : value))}.`
            : `The ${failure.stage} stage needs it, and the app has no such variable there${phrase(': an address came out as "', value, '"')}.`,
        fix: `${malformed === true ? 'Correct' : 'Set'} ${name ?? 'the variable that the line below asks for'} for this app (scope: ${scope}), then deploy again.`,
      };
    },
  },
];

import { type Details, firstIn, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

const URL_NEAR: readonly [RegExp, number] = [/(?:GET|HEAD|check(?:ing)?|probe)\S* (?<url>https?:\/\/\S+)/i, 3];
const LISTENS = [
  'listening',
  'server running',
  'running on',
  'running at',
  'ready on',
  'started on',
  'local:',
  'serving',
];
const LISTENS_ON =
  /(?:listening|running|ready|started|serving|[Ll]ocal:)[^\d]{0,40}?(?:https?:\/\/)?(?<host>127\.0\.0\.1|localhost|0\.0\.0\.0|\[?::1?\]?)?:?(?:port )?(?<port>\d{2,5})\b/i;

/** Refused to the end: where the app says it listens, beside where it was looked for. */
function refused(match: RegExpExecArray, sight: Sight): Details | null {
  const { output } = sight;
  if (sight.failure.stage !== 'health' || crashed(output)) return null;
  const said = firstIn(output, LISTENS, LISTENS_ON)?.groups;
  if (said?.['port'] === undefined) return null;
  const listensOn = `${said['host'] ?? ''}${said['host'] === undefined ? '' : ':'}${said['port']}`;
  return { ...groups(match), listensOn, ...withNear(URL_NEAR)(match, sight) };
}

function crashed(output: Sight['output']): boolean {
  return output.linesWith(['node.js v', 'traceback (most recent', 'exited with code', 'eaddrinuse']).length > 0;
}

export const healthChecks: readonly Rule[] = [
  {
    cause: 'health_bad_status',
    fault: 'user',
    stages: ['health'],
    onlyThere: true,
    patterns: [
      sign(
        'the requested url returned error',
        /curl: \(22\) The requested URL returned error: (?<status>[345]\d\d)/,
        90,
        withFailure,
        { last: true },
      ),
      sign(
        ['returned error: http/', 'http error', 'server returned error'],
        /(?:server returned error: HTTP\/[\d.]+ |ERROR )(?<status>[345]\d\d)/,
        88,
        withFailure,
        { last: true },
      ),
      sign(
        [
          'probe failed: http',
          'statuscode',
          'status code',
          'expected 200',
          'returned status',
          'responded with',
          'answered',
          'http status',
          'got status',
          'got http',
        ],
        /(?:[Pp]robe failed: HTTP probe failed with statuscode: |(?:health ?check|check|probe|GET \S+).*?(?:status(?: code)?|returned|responded with|answered|got|HTTP):? ?(?:HTTP )?)(?<status>[345]\d\d)\b/i,
        86,
        withFailure,
        { last: true },
      ),
      sign('http/0.9 when not allowed', /curl: \(1\) Received HTTP\/0\.9 when not allowed/, 90, withFailure, {
        last: true,
      }),
      sign(
        ['too many redirects', 'maximum (', 'redirects followed'],
        /(?<status>Maximum \(\d+\) redirects followed|too many redirects)/i,
        88,
        withFailure,
        { last: true },
      ),
      sign(
        ['empty reply from server', 'wrong version number'],
        /curl: \((?:52|35)\) (?<status>Empty reply from server|.*wrong version number.*)/,
        84,
        withFailure,
        { last: true },
      ),
    ],
    words: ({ status, url, error }) => ({
      title: `${url ?? 'The health path'} answered ${status ?? 'what is no HTTP'}`,
      explanation: `The app answers, and not with success${phrase('. Its last error: ', error)}.`,
      fix:
        status === '404'
          ? 'Add a route for the health path, or set `health.path` in switchyard.json to one that the app has.'
          : 'See in the app’s output what went wrong while it answered. A path that needs a login or redirects is no health path: set `health.path` in switchyard.json.',
    }),
  },
  {
    cause: 'health_timeout',
    fault: 'user',
    stages: ['health'],
    onlyThere: true,
    patterns: [
      sign(
        'operation timed out after',
        /curl: \(28\) (?<reason>Operation timed out after (?<ms>\d+) milliseconds.*)/,
        88,
        withNear(URL_NEAR),
        { last: true },
      ),
      sign(
        ['deadline exceeded', 'client.timeout exceeded', 'i/o timeout'],
        /probe failed: Get "(?<url>[^"]+)": .*(?<reason>context deadline exceeded|Client\.Timeout exceeded)/,
        86,
      ),
      sign(
        ['timed out', 'time out', 'still starting', 'not ready after'],
        /(?<reason>(?:health ?check|waiting for .*(?:healthy|ready|start)|startup|boot).{0,60}(?:timed out|timeout)|not (?:healthy|ready) after .+|still (?:starting|booting).*)/i,
        60,
        withNear(URL_NEAR, [/(?<url>https?:\/\/\S+)/, -6]),
      ),
    ],
    words: ({ url, reason }) => ({
      title: `${url ?? 'The health path'} did not answer in time`,
      explanation: `The app was there and gave no healthy answer within the limit${phrase(': ', reason)}.`,
      fix: 'Make the health path answer without slow work, or raise `health.timeLimitMs` in switchyard.json if the app needs longer to start.',
    }),
  },
  {
    cause: 'health_not_reachable',
    fault: 'user',
    stages: ['health'],
    onlyThere: true,
    patterns: [
      sign('failed to connect to', /curl: \(7\) Failed to connect to (?<address>\S+ port \d+)/, 84, refused, {
        last: true,
      }),
      sign(
        'error r10',
        /Error (?<code>R10) \(Boot timeout\) -> (?<message>Web process failed to bind to \$PORT .*)/,
        97,
      ),
      sign(
        ['no open ports detected', 'no open http ports', 'port scan timeout'],
        /(?<message>[Nn]o open (?:HTTP )?ports (?:detected|on \S+).*|Port scan timeout reached.*)/,
        92,
      ),
      sign(
        ['never became healthy', 'failed with service unavailable'],
        /(?<message>\d+\/\d+ replicas never became healthy!|failed with service unavailable)/,
        80,
        withNear([/Path: (?<path>\S+)/, -20]),
        { last: true },
      ),
      sign(
        'not listening on the expected address',
        /(?<message>app is not listening on the expected address)/,
        84,
        withNear([/^\s+- (?<wanted>[\w.:[\]]+:\d+)/, 4]),
        { warns: true },
      ),
      sign(
        'connection refused',
        /probe failed: (?:Get "(?<url>[^"]+)": )?dial tcp (?<address>[^:]+:\d+): connect: connection refused/,
        60,
      ),
      sign(
        ['target failed to become healthy', 'container not healthy'],
        /(?<message>target failed to become healthy|[Cc]ontainer (?:\S+ )?not healthy).*/,
        64,
      ),
    ],
    words: ({ listensOn, address, url, message, path, wanted, code }) => ({
      title:
        listensOn === undefined
          ? `The app is not reachable${phrase(' at ', url ?? address ?? path ?? wanted)}${phrase(' (', code, ')')}`
          : `The app listens on ${listensOn}, and was looked for at ${url ?? address}`,
      explanation: `${message ?? 'The process is up, and nothing answers where it is looked for'}. An app has to listen on 0.0.0.0 and on the port in the variable PORT.`,
      fix: `Listen on \`process.env.PORT\` and 0.0.0.0${phrase(' instead of ', listensOn)}, for example \`app.listen(process.env.PORT, "0.0.0.0")\`.`,
    }),
  },
  {
    cause: 'app_exited_early',
    fault: 'user',
    stages: ['health'],
    onlyThere: true,
    patterns: [
      sign(
        ['exited with code 0', 'status 0', 'exit code: 0', 'code=0', 'exited (0)', 'exit code:    0'],
        /(?<message>exited with (?:code|status) 0|Exited \(0\)|exit(?:ed)? (?:code|status):? *0\b|code 0 before|status=0\/SUCCESS)/,
        86,
      ),
      sign(
        'found these processes inside the machine with open listening sockets',
        /Found these processes inside the machine with open listening sockets/,
        87,
        (match, sight) =>
          sight.search(/^\s+(?!\/\.fly\/)\S+\s+\|\s+\S*\d/, 4) === null || sight.search(/hallpass/, 4) !== null
            ? withNear([/^\s+- (?<address>[\d.]+:\d+)/, -6])(match, sight)
            : null,
      ),
    ],
    words: ({ message, address }) => ({
      title: 'The app ended by itself instead of serving',
      explanation: `No process of the app keeps running${phrase(' (', message, ')')}${phrase('; it should listen on ', address)}.`,
      fix: 'See that the start command runs the server itself and stays in the foreground.',
    }),
  },
  {
    cause: 'dependency_unreachable',
    fault: 'transient',
    stages: ['health'],
    onlyThere: true,
    patterns: [
      sign(
        'dependency failed to start',
        /dependency failed to start: container (?<service>\S+) (?:is unhealthy|exited|has no healthcheck)/,
        93,
      ),
      sign(
        ['econnrefused', 'enotfound', 'etimedout', 'eai_again'],
        /(?:connect (?:ECONNREFUSED|ETIMEDOUT) (?<address>\S+:(?<port>6379|6380|5672|15672|9092|9200|11211|4222|1883|8080|50051))|getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?<service>(?!.*(?:db|postgres|mysql|mongo|pg))[\w.-]+))/,
        83,
      ),
      sign(
        ['redis', 'amqp', 'kafka', 'rabbit', 'elasticsearch'],
        /(?:\[ioredis\] Unhandled error event|Redis (?:connection|Client).{0,20}(?:error|failed)|Error connecting to (?:Redis|RabbitMQ|Kafka|Elasticsearch)|Could not connect to Redis|Error \d+ connecting to (?<host>\S+:\d+)).{0,120}?(?<address>[\w.-]+:\d{4,5})?/i,
        82,
      ),
      sign('connection refused', /(?:redis|amqp|kafka)\S*.*?(?<address>[\w.-]+:\d{4,5}).*[Cc]onnection refused/i, 80),
    ],
    words: ({ service, address, host }) => ({
      title: `A service that the app needs could not be reached: ${service ?? address ?? host ?? 'it'}`,
      explanation:
        'The app connects to it while it starts, and there was no answer. In a container 127.0.0.1 is the container itself.',
      fix: `See that ${service ?? address ?? host ?? 'the service'} runs and that the app’s variable names its address; let the app start without it and try again.`,
    }),
  },
  {
    cause: 'migration_not_applied',
    fault: 'user',
    stages: ['health'],
    onlyThere: true,
    patterns: [
      sign('does not exist', /(?:relation|table) ["'`]?(?:public\.)?(?<table>[\w.]+)["'`]? does not exist/i, 86),
      sign(
        ["doesn't exist", 'no such table'],
        /(?:Table '(?<table>[\w.-]+)' doesn't exist|no such table: (?<name>\S+))/,
        87,
      ),
      sign(
        ['does not exist in the current database', 'migrations are pending', 'pendingmigration', 'unapplied migration'],
        /(?:The (?:table|column) `(?<table>[^`]+)` does not exist in the current database|[Mm]igrations are pending|PendingMigrationError|unapplied migration\(s\))/,
        90,
      ),
      sign(
        ['unknown column', 'no such column'],
        /(?:Unknown column '(?<table>[^']+)'|no such column: (?<name>\S+)|column (?<column>[\w."]+) does not exist)/,
        82,
      ),
    ],
    words: ({ table, name, column }) => ({
      title: `The database has no ${table ?? name ?? column ?? 'table that the app needs'}`,
      explanation: 'The app asks for a table or column that no migration has made there.',
      fix: 'Name the migration command (`migrate` in switchyard.json), so that it runs before the app starts, and see that DATABASE_URL is the same for both.',
    }),
  },
];

/** What was asked, and what the app said last. */
function withFailure(match: RegExpExecArray, sight: Sight): Details {
  const error = firstIn(sight.output, ['error: '], /^(?<error>\w*(?:Error|Exception): .+)/);
  return { ...groups(error), ...withNear(URL_NEAR)(match, sight) };
}

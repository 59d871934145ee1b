import { type Details, groups, named, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

/** Ports that databases listen on, to tell one that is gone from any other server that is. */
const DATABASE_PORTS = new Set(['5432', '5433', '6432', '3306', '3307', '27017', '1433', '1521', '26257']);

function databaseOnly(match: RegExpExecArray, { output }: Sight): Details | null {
  const port = match.groups?.['port'] ?? '';
  const speaks = /postgres|mysql|mariadb|mongo|knex|prisma|typeorm|sequelize|drizzle|database/.test(output.lowerCase);
  return DATABASE_PORTS.has(port) || speaks
    ? { ...groups(match), address: `${match.groups?.['host'] ?? ''}:${port}` }
    : null;
}

export const database: readonly Rule[] = [
  {
    cause: 'database_unreachable',
    fault: 'transient',
    stages: ['migrate', 'health'],
    patterns: [
      {
        hints: ["can't reach database server"],
        regex: /Can't reach database server at `(?<address>[^`]+)`/,
        weight: 94,
        take: groups,
      },
      {
        hints: ['econnrefused', 'etimedout', 'ehostunreach'],
        regex: /connect (?<reason>ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH) (?<host>\S+):(?<port>\d+)/,
        weight: 82,
        take: databaseOnly,
      },
      {
        hints: ['getaddrinfo'],
        regex: /getaddrinfo (?<reason>ENOTFOUND|EAI_AGAIN) (?<host>[\w.-]+)/,
        weight: 78,
        take: (match, { failure }) =>
          failure.stage === 'migrate' ? { ...groups(match), address: match.groups?.['host'] ?? '' } : null,
      },
      {
        hints: ['connection to server at'],
        regex:
          /connection to server at "(?<host>[^"]+)"[^,]*, port (?<port>\d+) failed: (?<reason>Connection refused|Connection timed out|timeout expired)/,
        weight: 92,
        take: (match) => ({ ...groups(match), address: `${match.groups?.['host']}:${match.groups?.['port']}` }),
      },
      sign(
        ['is the server running', 'could not connect to server'],
        /could not connect to server: (?<reason>[\w ]+)/,
        90,
        withNear([/Is the server running on host "(?<address>[^"]+)"/, 2]),
      ),
      sign(
        ['connection to server on socket'],
        /connection to server on socket "(?<address>[^"]+)" failed: (?<reason>.+)/,
        92,
      ),
      sign(
        ['could not translate host name'],
        /could not translate host name "(?<address>[^"]+)" to address(?:: (?<reason>.+))?/,
        94,
      ),
      sign(
        ["can't connect to", 'lost connection to mysql'],
        /(?:Can't connect to (?:local )?(?:MySQL|MariaDB)? ?server (?:on|through socket) '(?<address>[^']+)'|Lost connection to MySQL server).*?(?<reason>\(\d+\)|$)/i,
        92,
      ),
      sign(
        [
          'sequelizeconnectionrefusederror',
          'sequelizehostnotfounderror',
          'connectionrefusederror',
          'hostnotfounderror',
          'mongoserverselectionerror',
          'mongonetworkerror',
          'mongooseserverselectionerror',
        ],
        /(?:Sequelize|Mongo(?:ose)?)\w*(?:Connection\w*|HostNotFound|ServerSelection|Network)Error\b.*?(?:connect (?<reason>E\w+) )?(?<address>[\w.-]+:\d{4,5})?/,
        84,
      ),
      sign(
        ['p1001', 'p1002', 'p1008', 'p1017'],
        /(?<code>P1001|P1002|P1008|P1017)\b/,
        86,
        withNear([/server at `(?<address>[^`]+)`/, 3]),
      ),
      sign(
        [
          'timed out fetching a new connection',
          'timeout expired',
          'connection terminated',
          'connection timeout',
          'timeout acquiring a connection',
        ],
        /(?<reason>Timed out fetching a new connection|[Cc]onnection terminated (?:unexpectedly|due to connection timeout)|Timeout acquiring a connection|Connection timeout|timeout expired)/,
        80,
      ),
      sign(
        ['operationalerror', 'connectionnotestablished'],
        /(?:OperationalError|ConnectionNotEstablished|PG::ConnectionBad).*?(?:connection to server at "(?<host>[^"]+)".*?port (?<port>\d+) failed|could not connect to server).*?(?<reason>Connection refused|timeout|Name or service)/,
        92,
        databaseOnly,
      ),
      sign(
        ['connection to', 'refused. check that the hostname'],
        /Connection to (?<address>\S+) refused\. Check that the hostname and port are correct/,
        94,
      ),
      sign('communications link failure', /(?<reason>Communications link failure)/, 92),
      {
        hints: ['sqlstate[hy000] [2002]'],
        regex: /SQLSTATE\[HY000\] \[2002\] (?<reason>[\w ]+?)(?= \(|$)/,
        weight: 92,
        take: groups,
      },
      {
        hints: ['too many connections', 'remaining connection slots', 'too many clients'],
        regex: /(?<reason>too many connections|remaining connection slots are reserved|too many clients already)/i,
        weight: 90,
        take: groups,
      },
      {
        hints: ['the database system is starting up'],
        regex: /(?<reason>the database system is (?:starting up|shutting down|in recovery mode))/,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ address, reason }) => ({
      title: `The database could not be reached${phrase(': ', address)}`,
      explanation: `${reason ?? 'Nothing answers there'}.${/^(?:127\.|localhost|::1)/.test(String(address)) ? ' An address like this is the machine or container itself, where no database runs.' : ''}`,
      fix: `Check host and port in the app’s database variable${phrase(' (now ', address, ')')}, that the database runs, and that it lets this host in.`,
    }),
  },
  {
    cause: 'database_auth_failed',
    fault: 'user',
    stages: ['migrate', 'health'],
    patterns: [
      {
        hints: ['authentication failed for user'],
        regex: /password authentication failed for user "(?<user>[^"]+)"/,
        weight: 94,
        take: groups,
      },
      { hints: ['access denied for user'], regex: /Access denied for user '(?<user>[^']+)'/, weight: 94, take: groups },
      sign('sqlstate[hy000] [1045]', /SQLSTATE\[HY000\] \[1045\] Access denied for user '(?<user>[^']+)'/, 95),
      sign(
        ['peer authentication failed', 'ident authentication failed', 'no password supplied', 'authentication failed'],
        /(?:(?:Peer|Ident|LDAP|SASL|SCRAM)\w* authentication failed for user "(?<user>[^"]+)"|(?<reason>fe_sendauth: no password supplied|MongoServerError: (?:bad auth : )?[Aa]uthentication failed|bad auth))/,
        93,
      ),
      sign('is not permitted to log in', /role "(?<user>[^"]+)" is not permitted to log in/, 94),
      sign('login failed for user', /Login failed for user '(?<user>[^']+)'/, 93),
      { hints: ['does not exist'], regex: /role "(?<user>[^"]+)" does not exist/, weight: 90, take: groups },
      {
        hints: ['p1000'],
        regex: /P1000: Authentication failed against database server/,
        weight: 92,
        take: (_, { search }) => ({ ...groups(search(/credentials for `(?<user>[^`]+)`/, 4)) }),
      },
    ],
    words: ({ user }) => ({
      title: `The database refused the user "${user ?? ''}"`,
      explanation: 'The user does not exist there, or the password is another one.',
      fix: `Correct user and password in the app’s database variable, or create ${user ?? 'the user'} in the database. Characters such as @ or / in a password have to be percent-encoded in an address.`,
    }),
  },
  {
    cause: 'database_permission',
    fault: 'user',
    stages: ['migrate'],
    patterns: [
      {
        hints: ['permission denied'],
        regex:
          /permission denied (?:to create |for )(?<object>(?:extension|schema|table|database|sequence|relation) "?[\w.]+"?)/,
        weight: 92,
        take: groups,
      },
      sign(
        ['command denied to user', 'access denied for user'],
        /(?<operation>[A-Z ]+) command denied to user '(?<user>[^']+)'@?\S* for table '?`?(?<object>[\w.`]+)|Access denied for user '(?<name>[^']+)'@'[^']*' to database '(?<database>[^']+)'/,
        96,
      ),
      sign(
        ['insufficient privilege', 'permission denied for', 'must be superuser', 'p1010'],
        /(?<object>insufficient privilege|must be superuser|permission denied for (?:language|function|tablespace|large object|schema|database) ?\S*|User `[^`]+` was denied access)/i,
        88,
      ),
      { hints: ['must be owner'], regex: /must be owner of (?<object>\w+ \S+)/, weight: 90, take: groups },
    ],
    words: ({ object }) => ({
      title: `The database user may not use ${object ?? 'an object'}`,
      explanation: 'The migration needs a right that the user of the database does not have.',
      fix: `Grant it as the owner of the database (for a schema: GRANT CREATE, USAGE ON SCHEMA … TO …), or have the owner create ${object ?? 'it'} once.`,
    }),
  },
  {
    cause: 'database_tls',
    fault: 'user',
    stages: ['migrate', 'health'],
    patterns: [
      {
        hints: ['no pg_hba.conf entry'],
        regex: /(?<message>no pg_hba\.conf entry) for host "(?<host>[^"]+)".*(?<wanted>no encryption|SSL off)/,
        weight: 93,
        take: groups,
      },
      sign(
        [
          'ssl connection is required',
          'ssl/tls required',
          'requires ssl',
          'insecure transport',
          'ssl off',
          'connections using insecure transport',
          'sslmode',
        ],
        /(?<message>SSL connection is required|SSL\/TLS required|(?:server )?requires SSL|Connections using insecure transport are prohibited|no pg_hba\.conf entry for .*SSL off)/i,
        93,
        named({ wanted: 'TLS' }),
      ),
      sign(
        ['server does not support ssl', 'server does not support secure', 'ssl was required'],
        /(?<message>server does not support (?:SSL|secure connection)|SSL was required)/,
        93,
        named({ wanted: 'no TLS' }),
      ),
      sign(
        [
          'self-signed certificate',
          'self signed certificate',
          'unable to get local issuer',
          'root certificate file',
          'certificate verify failed',
        ],
        /(?<message>self[- ]signed certificate(?: in certificate chain)?|unable to (?:get local issuer|verify the first) certificate|root certificate file "[^"]+" does not exist|certificate verify failed)/,
        90,
        (match, { failure }) =>
          failure.stage === 'migrate' || failure.stage === 'health'
            ? { ...groups(match), wanted: 'a trusted certificate' }
            : null,
      ),
      {
        hints: ['does not support ssl'],
        regex: /The server does not support SSL connections/,
        weight: 93,
        take: () => ({ wanted: 'no TLS' }),
      },
    ],
    words: ({ wanted, message }) => ({
      title:
        wanted === 'no TLS'
          ? 'The database offers no TLS, and the app asks for it'
          : `The database takes encrypted connections only${phrase(' (', message, ')')}`,
      explanation: 'App and database do not agree on whether the connection is encrypted.',
      fix:
        wanted === 'no TLS'
          ? 'Add sslmode=disable to the database address, or turn TLS on in the database.'
          : 'Add sslmode=require to the database address (for node-postgres: `ssl: true`).',
    }),
  },
  {
    cause: 'database_missing',
    fault: 'user',
    stages: ['migrate', 'health'],
    patterns: [
      { hints: ['does not exist'], regex: /database "(?<database>[^"]+)" does not exist/, weight: 92, take: groups },
      sign(
        ['p1003', 'does not exist on the database server', 'does not exist. please'],
        /(?:P1003:? )?[Dd]atabase `(?<database>[^`]+)` does not exist/,
        94,
      ),
      sign('unable to open database file', /(?<database>unable to open database file)/, 84),
      sign('cannot open database "', /Cannot open database "(?<database>[^"]+)"/, 92),
      sign('we could not find your database', /We could not find your database: (?<database>[^.\s]+)/, 93),
      { hints: ['unknown database'], regex: /Unknown database '(?<database>[^']+)'/, weight: 92, take: groups },
    ],
    words: ({ database: name }) => ({
      title: `The database "${name ?? ''}" does not exist`,
      explanation: 'The server answers, and has no database of that name.',
      fix: `Create it (CREATE DATABASE ${name ?? '…'}), or correct the name in the app’s database variable.`,
    }),
  },
];

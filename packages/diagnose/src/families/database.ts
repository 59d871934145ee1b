import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

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
      { hints: ['unknown database'], regex: /Unknown database '(?<database>[^']+)'/, weight: 92, take: groups },
    ],
    words: ({ database: name }) => ({
      title: `The database "${name ?? ''}" does not exist`,
      explanation: 'The server answers, and has no database of that name.',
      fix: `Create it (CREATE DATABASE ${name ?? '…'}), or correct the name in the app’s database variable.`,
    }),
  },
];

import { type Details, groups, phrase, type Rule, type Sight, sign, withNear } from '../rule.ts';

/** Which migration ran: the tools name it near the error, each in its own words. */
function migrationNear(match: RegExpExecArray, { output, at }: Sight): Details {
  const around = output.lines.slice(Math.max(0, at - 25), at + 25);
  for (const { bare } of around) {
    const name =
      /migration_name="([^"]+)"/.exec(bare)?.[1] ??
      /[Mm]igration (?:name: )?[`"']?(\d{8,}[\w.-]*)[`"']?/.exec(bare)?.[1] ??
      /migration file "?([\w.-]+)"? failed/.exec(bare)?.[1] ??
      /psql:([\w./-]+\.sql:\d+)/.exec(bare)?.[1] ??
      /\b(\d{4}_\w+)\b/.exec(bare)?.[1];
    if (name !== undefined) return { ...groups(match), migration: name };
  }
  return groups(match);
}

const MIGRATE = ['migrate'] as const;

export const migrations: readonly Rule[] = [
  {
    cause: 'migration_object_exists',
    fault: 'user',
    stages: MIGRATE,
    patterns: [
      {
        hints: ['already exists'],
        // A notice says that it is skipped.
        regex:
          /(?:relation|table|column|type|schema|index|constraint|database) ["'`](?<object>[^"'`]+)["'`] (?:of relation "[^"]+" )?already exists(?!, skipping)/i,
        weight: 90,
        take: migrationNear,
      },
      sign(
        ['duplicate column', 'duplicate key name', 'already exists', 'duplicate foreign key'],
        /(?:Duplicate (?:column|key|foreign key constraint) name:? '?(?<object>[\w.-]+)'?|duplicate column name: (?<column>\w+)|(?:table|index) (?<name>["'`]?[\w.]+["'`]?) already exists)/i,
        91,
        migrationNear,
      ),
      sign(
        ['duplicatetable', 'duplicateobject', 'duplicatecolumn'],
        /(?:PG::)?Duplicate(?:Table|Object|Column)\b.*?(?:relation|column|type) "(?<object>[^"]+)"/,
        93,
        migrationNear,
      ),
      sign(
        ['found non-empty schema', 'the database schema is not empty'],
        /(?:Found non-empty schema\(s\) (?<object>.+?) but no schema history table|(?<message>The database schema is not empty))/,
        94,
      ),
      { hints: ['p3005'], regex: /P3005/, weight: 92, take: () => ({ code: 'P3005' }) },
    ],
    words: ({ object: found, column, name, migration }) => {
      const object = found ?? column ?? name;
      return {
        title:
          object === undefined
            ? 'The database is not empty, and has no history of migrations'
            : `"${object}" exists already`,
        explanation:
          `The migration ${migration ?? ''} creates what is there: it was made by hand, or by a run that was not recorded.`.replace(
            '  ',
            ' ',
          ),
        fix: `If the database is right as it is, mark the migration as done (Prisma: \`prisma migrate resolve --applied ${migration ?? '<name>'}\`); otherwise remove what is there, or write the migration so that it may exist (IF NOT EXISTS).`,
      };
    },
  },
  {
    cause: 'migration_previous_failed',
    fault: 'user',
    stages: MIGRATE,
    patterns: [
      {
        hints: ['p3009'],
        regex: /P3009/,
        weight: 95,
        take: (_, { search }) => ({
          code: 'P3009',
          ...groups(search(/The `(?<migration>[^`]+)` migration started at/, 8)),
        }),
      },
    ],
    words: ({ migration }) => ({
      title: `An earlier migration failed and blocks the rest${phrase(': ', migration)}`,
      explanation: 'Prisma applies nothing more until somebody has said how that one stands.',
      fix: `Look how far it came, then \`prisma migrate resolve --rolled-back ${migration ?? '<name>'}\` or \`--applied\`, and deploy again.`,
    }),
  },
  {
    cause: 'migration_lock',
    fault: 'transient',
    stages: MIGRATE,
    patterns: [
      {
        hints: ['migration table is already locked'],
        regex: /Migration table is already locked/,
        weight: 93,
        take: () => ({ unlock: 'knex migrate:unlock' }),
      },
      sign(
        [
          'could not obtain lock',
          'lock not available',
          'could not acquire',
          'waiting for changelog lock',
          'concurrentmigrationerror',
          'database is locked',
          'unable to acquire lock',
          'cannot run migrations because another migration process',
        ],
        /(?<reason>could not obtain lock on \S+ "?\w+"?|canceling statement due to lock|[Cc]ould not acquire (?:\w+ ){0,3}lock|Waiting for changelog lock|ConcurrentMigrationError|database is locked|[Uu]nable to acquire (?:\w+ ){0,3}lock|Cannot run migrations because another migration process)/,
        92,
        migrationNear,
      ),
      {
        hints: ['deadlock'],
        regex: /(?<reason>deadlock) (?:detected|found when trying to get lock)/i,
        weight: 92,
        take: migrationNear,
      },
      {
        hints: ['lock timeout', 'statement timeout', 'lock wait timeout'],
        regex: /(?<reason>canceling statement due to (?:lock|statement) timeout|Lock wait timeout exceeded)/,
        weight: 92,
        take: migrationNear,
      },
      {
        hints: ['advisory lock', 'p1002'],
        regex:
          /(?<reason>Timed out trying to acquire a postgres advisory lock|could not obtain (?:an )?advisory lock)/i,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ reason, unlock }) => ({
      title: `The migration waited for a lock in vain${phrase(' (', reason, ')')}`,
      explanation:
        'Another connection held what it needs: the running app, a second migration, or one that died and left its mark.',
      fix:
        unlock === undefined
          ? 'Look in the database who holds the lock (pg_stat_activity, pg_locks), end it if nothing else does, then deploy again.'
          : `See that no migration runs, then \`${unlock}\`, and deploy again.`,
    }),
  },
  {
    cause: 'migration_history_mismatch',
    fault: 'user',
    stages: MIGRATE,
    patterns: [
      {
        hints: ['multiple head revisions'],
        regex: /(?<reason>Multiple head revisions) are present/,
        weight: 93,
        take: groups,
      },
      {
        hints: ['checksum mismatch'],
        regex: /[Mm]igration checksum mismatch for migration (?<migration>version \S+)/,
        weight: 93,
        take: groups,
      },
      sign(
        ["can't locate revision", "can't find identifier"],
        /Can't locate revision identified by '(?<migration>[^']+)'/,
        94,
      ),
      sign(
        'conflicting migrations detected',
        /(?<reason>Conflicting migrations detected)(?:; multiple leaf nodes in the migration graph: \((?<migration>[^)]+)\))?/,
        94,
      ),
      sign(
        ['inconsistentmigrationhistory', 'is applied before its dependency'],
        /Migration (?<migration>\S+) is applied before its dependency (?<other>\S+)/,
        95,
      ),
      sign(
        'nodenotfounderror',
        /(?:NodeNotFoundError: )?Migration (?<migration>\S+) dependencies reference nonexistent parent node (?<other>\([^)]+\))/,
        94,
      ),
      sign(
        ['corrupted migrations', 'not run in the correct order', 'previously run migration', 'order of migrations'],
        /(?:Not run migration (?<migration>\S+) is preceding already run migration (?<other>\S+)|(?<reason>corrupted migrations|[Mm]igrations? (?:have|has) been changed).*)/,
        94,
      ),
      sign(
        [
          'was previously applied but is missing',
          'detected applied migration not resolved locally',
          'detected resolved migration not applied',
        ],
        /(?:migration (?<migration>\S+) was previously applied but is missing|Detected (?:applied|resolved) migration not (?:resolved locally|applied to database): (?<version>\S+))/,
        94,
      ),
      sign(
        ['was previously applied but has been modified', 'validation failed:', 'duplicatemigration'],
        /(?:migration (?<migration>\S+) was previously applied but has been modified|DuplicateMigration(?:Version|Name)Error.*?(?<name>\d{8,}|\w+)$|Validation Failed:)/,
        92,
      ),
      sign(
        'the following migration(s) are applied to the database but missing',
        /(?<reason>applied to the database but missing from the local migrations directory)/,
        93,
        withNear([/(?<migration>\d{14}_\w+)/, 5]),
      ),
      {
        hints: ['the migration directory is corrupt'],
        regex: /The migration directory is corrupt, the following files are missing: (?<migration>.+)/,
        weight: 93,
        take: groups,
      },
      {
        hints: ['p3018', 'was modified after it was applied'],
        regex: /The migration `(?<migration>[^`]+)` was modified after it was applied/,
        weight: 92,
        take: groups,
      },
    ],
    words: ({ migration, reason, version, other }) => ({
      title: `Files and database disagree about the history of migrations${phrase(': ', migration ?? version ?? reason)}${phrase(' (', other, ')')}`,
      explanation: 'A migration that ran was changed or removed afterwards, or two branches each added one.',
      fix: 'Restore the migration as it ran and add a new one with the change; merge heads where there are several.',
    }),
  },
  {
    cause: 'migration_data_conflict',
    fault: 'user',
    stages: MIGRATE,
    patterns: [
      {
        hints: ['contains null values'],
        regex: /column "(?<object>[^"]+)" (?:of relation "[^"]+" )?contains null values/,
        weight: 92,
        take: migrationNear,
      },
      sign(
        [
          'duplicate entry',
          'cannot be null',
          'foreign key constraint fails',
          'unique constraint failed',
          'not null constraint failed',
          'data truncated',
          'cannot be cast automatically',
          'out of range value',
          'invalid input value',
          'invalid input syntax',
        ],
        /(?:Duplicate entry '(?<object>[^']*)' for key '(?<constraint>[^']+)'|(?:UNIQUE|NOT NULL|FOREIGN KEY|CHECK) constraint failed:? ?(?<column>\S*)|a foreign key constraint fails \((?<key>[^)]+)|Data truncated for column '(?<name>[^']+)'|column "(?<cast>[^"]+)" cannot be cast automatically|invalid input (?:value|syntax) for (?:enum|type) (?<type>[^:]+))/i,
        91,
        migrationNear,
      ),
      {
        hints: ['could not create unique index', 'violates'],
        regex:
          /(?:could not create unique index "(?<object>[^"]+)"|violates (?:unique|foreign key|check|not-null) constraint "(?<constraint>[^"]+)")/,
        weight: 88,
        take: migrationNear,
      },
    ],
    words: ({ object, constraint, column, key, name, cast, type }) => ({
      title: `Rows that exist break the new rule on ${constraint ?? object ?? column ?? key ?? name ?? cast ?? type ?? 'a column'}`,
      explanation: 'The migration adds a constraint, and data in the table does not keep it.',
      fix: 'Fill or correct the rows in an earlier step of the migration (or give the column a default), then add the constraint.',
    }),
  },
  {
    cause: 'migration_sql_error',
    fault: 'user',
    stages: MIGRATE,
    patterns: [
      {
        hints: ['syntax error at or near'],
        regex: /(?<message>syntax error at or near "[^"]*")/,
        weight: 92,
        take: migrationNear,
      },
      {
        hints: ['does not exist'],
        regex:
          /(?<kind>relation|type|column|function|table|schema) "(?<object>[^"]+)"(?: of relation "[^"]+")? does not exist/,
        weight: 86,
        take: migrationNear,
      },
      sign(
        ["doesn't exist", 'unknown column', 'no such table', 'no such column', "can't drop"],
        /(?:Table '(?<object>[\w.-]+)' doesn't exist|Unknown (?:column|table) '(?<column>[^']+)'|no such (?:table|column): (?<name>\S+)|Can't DROP (?:COLUMN )?[`'](?<dropped>[^`']+))/,
        88,
        migrationNear,
      ),
      sign(
        ['undefinedtable', 'undefinedcolumn', 'undefinedobject'],
        /(?:PG::|psycopg2\.errors\.)?Undefined(?:Table|Column|Object)\b.*?(?:relation|column|type) "(?<object>[^"]+)"/,
        90,
        migrationNear,
      ),
      sign(
        ['syntax error:', 'near "', 'incorrect syntax near', 'unterminated', 'syntaxerror'],
        /(?:near "(?<token>[^"]+)": syntax error|Incorrect syntax near '(?<near>[^']+)'|(?<message>unterminated (?:quoted string|dollar-quoted string|\/\* comment).*))/,
        91,
        migrationNear,
      ),
      sign(
        ['p3018', 'p3006', 'migration failed to apply'],
        /(?<code>P3018|P3006)/,
        68,
        withNear([/Migration name: (?<migration>\S+)/, 10], [/[Dd]atabase error code: (?<sql>\w+)/, 14]),
      ),
      {
        hints: ['error in your sql syntax'],
        regex: /You have an error in your SQL syntax.*near '(?<message>[^']*)/,
        weight: 92,
        take: migrationNear,
      },
    ],
    words: ({ message, kind, object: found, column, name, dropped, token, near, code, migration }) => {
      const object = found ?? column ?? name ?? dropped;
      return {
        title:
          object === undefined
            ? `The migration’s SQL is wrong: ${message ?? token ?? near ?? code ?? ''}`
            : `The migration uses the ${kind ?? 'object'} "${object}", which does not exist`,
        explanation: `The database refused a statement${phrase(' of ', migration)}.`,
        fix: `Correct the SQL${phrase(' in ', migration)}; try it on an empty database and on a copy of the real one.`,
      };
    },
  },
];

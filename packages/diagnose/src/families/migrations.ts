import { type Details, groups, phrase, type Rule, type Sight } from '../rule.ts';

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
        regex:
          /(?:relation|table|column|type|schema|index|constraint|database) ["'`](?<object>[^"'`]+)["'`] (?:of relation "[^"]+" )?already exists(?!, skipping)/i,
        weight: 90,
        take: migrationNear,
      },
      { hints: ['p3005'], regex: /P3005/, weight: 92, take: () => ({ code: 'P3005' }) },
    ],
    words: ({ object, migration }) => ({
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
    }),
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
    words: ({ migration, reason }) => ({
      title: `Files and database disagree about the history of migrations${phrase(': ', migration ?? reason)}`,
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
      {
        hints: ['could not create unique index', 'violates'],
        regex:
          /(?:could not create unique index "(?<object>[^"]+)"|violates (?:unique|foreign key|check|not-null) constraint "(?<constraint>[^"]+)")/,
        weight: 88,
        take: migrationNear,
      },
    ],
    words: ({ object, constraint }) => ({
      title: `Rows that exist break the new rule on ${object ?? constraint ?? 'a column'}`,
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
      {
        hints: ['error in your sql syntax'],
        regex: /You have an error in your SQL syntax.*near '(?<message>[^']*)/,
        weight: 92,
        take: migrationNear,
      },
    ],
    words: ({ message, kind, object, migration }) => ({
      title:
        object === undefined
          ? `The migration’s SQL is wrong: ${message ?? ''}`
          : `The migration uses the ${kind ?? 'object'} "${object}", which does not exist`,
      explanation: `The database refused a statement${phrase(' of ', migration)}.`,
      fix: `Correct the SQL${phrase(' in ', migration)}; try it on an empty database and on a copy of the real one.`,
    }),
  },
];

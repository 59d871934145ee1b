import { z } from 'zod';
import { closedObject } from './closed-object.ts';
import { LIMITS } from './limits.ts';
import { AppLimits } from './resources.ts';
import { VariableName } from './variables.ts';

/** Which of detection, the repository's own file and the app's settings decided something. Later ones win. */
export const Decider = z.enum(['detected', 'file', 'settings']);

/** One decision of the plan, for people: what was decided, by whom, and why. */
export const Reason = z.object({ subject: z.string(), choice: z.string(), decider: Decider, because: z.string() });
export type Reason = z.infer<typeof Reason>;

/** A command line as the repository's author would type it; run with `sh -c` in the app's directory. */
const CommandLine = z.string().min(1);

export const PackageManagerName = z.enum(['npm', 'yarn', 'pnpm', 'bun']);
export type PackageManagerName = z.infer<typeof PackageManagerName>;

const PackageManager = z.object({
  name: PackageManagerName,
  /** An exact version, or a range to be resolved when the toolchain is prepared. */
  version: z.string(),
  lockfile: z.string().nullable(),
});

export const HealthSettings = z.object({
  /** null: `/health`, `/healthz`, then `/`, where any answer below 500 on `/` counts. */
  path: z.string().startsWith('/').nullable(),
  timeLimitMs: z.int().positive(),
});
export type HealthSettings = z.infer<typeof HealthSettings>;

const limitOf = (stage: keyof typeof LIMITS.stageTimeLimitMs) =>
  z
    .int()
    .min(1_000)
    .max(LIMITS.stageTimeLimitMs[stage])
    .optional()
    .meta({ description: `Of the stage ${stage}; ${LIMITS.stageTimeLimitMs[stage]} when absent.` });

/** How long stages may take, where that is less than what they may take at most. */
export const StageTimeLimits = closedObject({
  install: limitOf('install'),
  build: limitOf('build'),
  migrate: limitOf('migrate'),
  health: limitOf('health'),
});

/** A directory inside the app's, which is kept over deployments. */
export const PersistPath = z
  .string()
  .max(LIMITS.maxPersistPathLength)
  .refine(
    (path) =>
      !path.startsWith('/') &&
      path.split('/').every((part) => part !== '' && part !== '.' && part !== '..') &&
      !/\p{Cc}/u.test(path),
    'a directory inside the app’s is needed: relative, without `.` and `..` and a slash at its end',
  );

const PersistPaths = z
  .array(PersistPath)
  .max(LIMITS.maxPersistPaths)
  .refine(
    (paths) =>
      paths.every((path, index) => !paths.some((other, at) => at !== index && `${path}/`.startsWith(`${other}/`))),
    'one directory is inside another, or is named twice',
  );

/**
 * What will happen in the later stages, with no choices left. `reasons` says why; two plans that differ in reasons alone do the same.
 */
export const Plan = z
  .object({
    v: z.literal(1),
    language: z.enum(['node', 'static']),
    /** As shown to people: `Express`, `Vite`, `plain HTML` … */
    framework: z.string().nullable(),
    /** The app's directory inside the repository, `.` for its root. */
    root: z.string(),
    runtime: z.object({
      name: z.literal('node'),
      /** A semver range that the toolchain resolves: `24`, `>=20 <23`, `22.11.0`. */
      wanted: z.string(),
    }),
    packageManager: PackageManager.nullable(),
    install: z
      .object({
        command: CommandLine,
        /** Paths (files, or directories ending in `/`) that install may see, relative to the repository. Sorted. */
        inputs: z.array(z.string()),
      })
      .nullable(),
    build: z
      .object({
        command: CommandLine,
        /** Root lifecycle scripts that run before the command, in order. */
        lifecycle: z.array(CommandLine),
      })
      .nullable(),
    migrate: z.object({ command: CommandLine }).nullable(),
    start: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('command'), command: CommandLine }),
      /** Files of `directory` served by Switchyard's static server; `spa` answers unknown paths with index.html. */
      z.object({ kind: z.literal('static'), directory: z.string(), spa: z.boolean() }),
    ]),
    health: HealthSettings,
    /** What has to be set before anything is done, with what it is for. */
    requiredVariables: z.array(z.object({ name: z.string(), description: z.string().nullable() })).optional(),
    /** What the app asks for; absent: the farm's defaults. */
    limits: AppLimits.optional(),
    timeLimitsMs: StageTimeLimits.optional(),
    /** Directories, relative to `root`, that all instances of an environment share and that outlive its deployments. */
    persist: z.array(PersistPath).default([]),
    warnings: z.array(z.string()),
    reasons: z.array(Reason),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;

/** A command, or that nothing is run: `false`, and in a file also `null`. */
const CommandOrNone = z.union([CommandLine, z.literal(false), z.null()]);

/** A directory as a path from the repository's root that stays inside. */
const Directory = z
  .string()
  .refine(
    (path) => path !== '' && !path.startsWith('/') && !leadsOut(path),
    'a directory inside the repository is needed, such as apps/web',
  );

function leadsOut(path: string): boolean {
  let depth = 0;
  for (const part of path.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

const RequiredVariable = z.union([
  VariableName,
  closedObject({ name: VariableName, description: z.string().max(500) }),
]);

/**
 * What an author may decide about an app: in `switchyard.json`, and, winning over the file, in the app's settings. Descriptions are the
 * text of the published JSON schema, of OpenAPI and of docs/settings.md.
 */
export const REPOSITORY_SETTINGS = {
  root: Directory.optional().meta({
    description: 'The app’s directory inside the repository; needed where several could be run.',
    examples: ['apps/web'],
  }),
  node: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The version of Node: a version or a range.', examples: ['24', '>=20 <23'] }),
  install: CommandOrNone.optional().meta({
    description: 'Installs the dependencies; `false`: nothing is installed.',
    examples: ['npm ci'],
  }),
  build: CommandOrNone.optional().meta({
    description: 'Builds the app; `false`: nothing is built.',
    examples: ['npm run build'],
  }),
  migrate: CommandOrNone.optional().meta({
    description: 'Runs once on the built app before it goes live, one at a time per database; `false`: nothing is run.',
    examples: ['npm run migrate'],
  }),
  // A blank one would come to no command at all; the other commands may be blank, and then do nothing.
  start: CommandLine.regex(/\S/, 'a command is needed, and this one is blank')
    .optional()
    .meta({
      description: 'Starts the server, which listens on `$PORT`. Either this or `static`.',
      examples: ['node server.js'],
    }),
  static: closedObject({
    directory: Directory.meta({ description: 'What is served, from the app’s directory.', examples: ['dist'] }),
    spa: z.boolean().optional().meta({ description: 'Whether unknown paths get index.html.' }),
  })
    .optional()
    .meta({ description: 'Serves files instead of starting a server.' }),
  health: closedObject({
    path: z
      .string()
      .startsWith('/')
      .optional()
      .meta({
        description: 'The path that has to answer well; without it `/health`, `/healthz`, then `/`.',
        examples: ['/health'],
      }),
    timeLimitMs: z
      .int()
      .min(LIMITS.minHealthTimeLimitMs)
      .max(LIMITS.maxHealthTimeLimitMs)
      .optional()
      .meta({
        description: `How long a new instance may take until it is well; ${LIMITS.healthTimeLimitMs} when absent.`,
      }),
  })
    .optional()
    .meta({ description: 'When a new version counts as well.' }),
  persist: PersistPaths.optional().meta({
    description: 'Directories, from the app’s, that are kept over deployments. `local` only.',
    examples: [['uploads']],
  }),
  requiredVariables: z
    .array(RequiredVariable)
    .max(LIMITS.maxVariables)
    .optional()
    .meta({
      description: 'Variables without which nothing is deployed, each a name or `{"name", "description"}`.',
      examples: [['DATABASE_URL']],
    }),
  limits: AppLimits.optional().meta({
    description: 'What the app’s commands (`build`) and instances (`run`) may use; up to the farm’s maxima.',
    examples: [{ build: { memoryMiB: 4096 }, run: { memoryMiB: 512, cpus: 1 } }],
  }),
  timeLimitsMs: StageTimeLimits.optional().meta({
    description: 'How long stages may take, where that is less than what they may take at most.',
    examples: [{ build: 600_000 }],
  }),
} as const;

const EITHER = { path: ['static'], message: 'an app has either `start` or `static`, not both' };

/** Whether a set of fields says at most one way in which the app is served. */
export function servesOneWay({ start, static: site }: { start?: unknown; static?: unknown }): boolean {
  return start === undefined || site === undefined;
}

/** `switchyard.json` in the repository: what the author says wins over what is detected. */
export const RepositorySettings = closedObject({
  $schema: z.string().optional().meta({ description: 'Where editors find this schema.' }),
  ...REPOSITORY_SETTINGS,
})
  .refine(servesOneWay, EITHER)
  .meta({ title: 'switchyard.json' });
export type RepositorySettings = z.infer<typeof RepositorySettings>;

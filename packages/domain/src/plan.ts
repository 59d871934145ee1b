import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { AppLimits } from './resources.ts';

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
  z.int().min(1_000).max(LIMITS.stageTimeLimitMs[stage]).optional();

/** How long stages may take, where that is less than what they may take at most. */
export const StageTimeLimits = z.strictObject({
  install: limitOf('install'),
  build: limitOf('build'),
  migrate: limitOf('migrate'),
  health: limitOf('health'),
});

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
    /** What the app asks for; absent: the farm's defaults. */
    limits: AppLimits.optional(),
    timeLimitsMs: StageTimeLimits.optional(),
    warnings: z.array(z.string()),
    reasons: z.array(Reason),
  })
  .meta({ id: 'Plan' });
export type Plan = z.infer<typeof Plan>;

/** `switchyard.json` in the repository: what the author says wins over what is detected. */
export const RepositorySettings = z.strictObject({
  $schema: z.string().optional(),
  root: z.string().optional(),
  node: z.string().optional(),
  install: CommandLine.nullable().optional(),
  build: CommandLine.nullable().optional(),
  migrate: CommandLine.nullable().optional(),
  start: CommandLine.optional(),
  static: z.strictObject({ directory: z.string(), spa: z.boolean().optional() }).optional(),
  health: z
    .strictObject({
      path: z.string().startsWith('/').optional(),
      timeLimitMs: z.int().positive().max(100_000).optional(),
    })
    .optional(),
  limits: AppLimits.optional(),
  timeLimitsMs: StageTimeLimits.optional(),
});
export type RepositorySettings = z.infer<typeof RepositorySettings>;

import { z } from 'zod';
import { closedObject } from './closed-object.ts';
import { GitRef } from './git-ref.ts';
import { LIMITS } from './limits.ts';
import { patchOf } from './merge-patch.ts';
import { REPOSITORY_SETTINGS, servesOneWay } from './plan.ts';

const DAY_MS = 86_400_000;

/** What is kept of an app. */
export const Retention = closedObject({
  releases: z
    .int()
    .min(1)
    .max(LIMITS.maxKeptReleases)
    .optional()
    .meta({
      description: `Releases that were live and stay ready for rollback; ${LIMITS.keptReleases} when absent. Pinned ones stay besides.`,
    }),
  deployments: z
    .int()
    .min(1)
    .max(LIMITS.maxKeptDeployments)
    .optional()
    .meta({
      description: `Newest deployments whose records and logs stay however old they are; ${LIMITS.keptDeployments} when absent.`,
    }),
  days: z
    .int()
    .min(1)
    .max(LIMITS.maxKeptDeploymentsMs / DAY_MS)
    .optional()
    .meta({ description: `How long those of all others stay; ${LIMITS.keptDeploymentsMs / DAY_MS} when absent.` }),
});
export type Retention = z.infer<typeof Retention>;

/** What only the app's settings can say: not a property of one commit. */
const SETTINGS_ONLY = {
  branch: GitRef.optional().meta({
    description: 'What is deployed when a deployment names nothing; the repository’s default branch when absent.',
  }),
  replicas: z
    .int()
    .min(1)
    .max(LIMITS.maxReplicas)
    .optional()
    .meta({ description: 'How many instances of the live release run; 1 when absent. Takes effect at once.' }),
  migrationLock: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'letters, digits and . _ / -')
    .optional()
    .meta({
      description:
        'Names the database that migrations change, where the variables don’t show that it is another app’s too: apps of a team that say the same migrate one at a time.',
    }),
  retention: Retention.optional().meta({ description: 'What is kept.' }),
} as const;

const SETTINGS = { ...REPOSITORY_SETTINGS, ...SETTINGS_ONLY } as const;

/** An app's settings: each that is there wins over `switchyard.json`, which wins over what is detected. */
export const AppSettings = closedObject(SETTINGS)
  .refine(servesOneWay, {
    path: ['static'],
    message: 'an app has either `start` or `static`; clear the other one with null',
  })
  .meta({ id: 'AppSettings' });
export type AppSettings = z.infer<typeof AppSettings>;

/** A change of settings, as a JSON merge patch: what is absent stays, `null` clears. */
export const AppSettingsPatch = closedObject(patchOf(SETTINGS)).meta({ id: 'AppSettingsPatch' });

/** Settings as they are kept. */
export const VersionedSettings = z.object({
  /** Grows with every change; 0 before the first. */
  version: z.int().nonnegative(),
  /** Milliseconds since the epoch; null before the first change. */
  updatedAt: z.int().nonnegative().nullable(),
  values: AppSettings,
});
export type VersionedSettings = z.infer<typeof VersionedSettings>;

/** Settings as a deployment was accepted with them. */
export const PinnedSettings = VersionedSettings.omit({ updatedAt: true });
export type PinnedSettings = z.infer<typeof PinnedSettings>;

export const replicasOf = ({ replicas }: AppSettings): number => replicas ?? 1;

/** What is kept of an app, with what was not said. */
export function retentionOf({ retention = {} }: AppSettings): { releases: number; deployments: number; ageMs: number } {
  const { releases, deployments, days } = retention;
  return {
    releases: releases ?? LIMITS.keptReleases,
    deployments: deployments ?? LIMITS.keptDeployments,
    ageMs: days === undefined ? LIMITS.keptDeploymentsMs : days * DAY_MS,
  };
}

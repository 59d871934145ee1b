import {
  type ConfigOf,
  type ConfigShape,
  commonConfig,
  flag,
  platformConfig,
  readConfig,
  secretKeyConfig,
} from '@switchyard/service';
import { z } from 'zod';

export const runnerConfig = {
  ...commonConfig,
  ...secretKeyConfig,
  ...platformConfig,
  SWITCHYARD_STOP_INSTANCES_ON_EXIT: flag(false).describe(
    'Whether stopping the runner stops the apps on its host too; what is wanted stays, and the next start brings it back.',
  ),
  SWITCHYARD_KEY_PREFIX: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,40}$/, 'letters, digits and hyphens')
    .default('switchyard')
    .describe('Put before every key in Redis, so that several farms can share one.'),
} satisfies ConfigShape;

export type RunnerConfig = ConfigOf<typeof runnerConfig>;

export function readRunnerConfig(): RunnerConfig {
  return readConfig(runnerConfig, process.env);
}

import {
  type ConfigOf,
  type ConfigShape,
  commonConfig,
  flag,
  platformConfig,
  readConfig,
  secretKeyConfig,
} from '@switchyard/service';

export const runnerConfig = {
  ...commonConfig,
  ...secretKeyConfig,
  ...platformConfig,
  SWITCHYARD_STOP_INSTANCES_ON_EXIT: flag(false).describe(
    'Whether stopping the runner stops the apps on its host too; what is wanted stays, and the next start brings it back.',
  ),
} satisfies ConfigShape;

export type RunnerConfig = ConfigOf<typeof runnerConfig>;

export function readRunnerConfig(): RunnerConfig {
  return readConfig(runnerConfig, process.env);
}

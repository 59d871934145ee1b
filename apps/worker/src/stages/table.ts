import type { StepName } from '@switchyard/domain';
import { pin } from './00-pin.ts';
import { source } from './01-source.ts';
import { environment } from './02-environment.ts';
import { install } from './03-install.ts';
import { build } from './04-build.ts';
import { migrate } from './05-migrate.ts';
import { packageRelease } from './06-package.ts';
import { health } from './07-health.ts';
import { switchTraffic } from './08-switch.ts';
import { cleanup } from './09-cleanup.ts';
import type { Stage } from './stage.ts';

/** What a worker does for each step. */
export const STAGE_WORK: Readonly<Record<StepName, Stage>> = {
  pin,
  source,
  environment,
  install,
  build,
  migrate,
  package: packageRelease,
  health,
  switch: switchTraffic,
  cleanup,
};

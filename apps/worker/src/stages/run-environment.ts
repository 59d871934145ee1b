import { type Commit, RUN_CONSTANTS } from '@switchyard/domain';
import type { StageContext } from './stage.ts';

/** What an app's own commands know of where they run. `PORT` and `HOST` come from the runner. */
export function runEnvironment(context: StageContext, commit: Commit | null): Record<string, string> {
  const { app, environment, deployment, url } = context;
  return {
    ...RUN_CONSTANTS,
    SWITCHYARD_APP: app.name,
    SWITCHYARD_ENVIRONMENT: environment.name,
    SWITCHYARD_DEPLOYMENT_ID: deployment.id,
    SWITCHYARD_DEPLOYMENT_NUMBER: String(deployment.number),
    SWITCHYARD_URL: url,
    ...(commit === null ? {} : { SWITCHYARD_COMMIT: commit.sha }),
    ...(commit?.branch == null ? {} : { SWITCHYARD_BRANCH: commit.branch }),
  };
}

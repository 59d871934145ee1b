import type { Operation } from './operation.ts';
import { appOperations } from './operations/app-operations.ts';
import { deploymentOperations } from './operations/deployment-operations.ts';
import { domainOperations } from './operations/domain-operations.ts';
import { knownHostOperations } from './operations/known-host-operations.ts';
import { limitOperations } from './operations/limit-operations.ts';
import { outputOperations } from './operations/output-operations.ts';
import { processOperations } from './operations/process-operations.ts';
import { releaseOperations } from './operations/release-operations.ts';
import { retryOperations } from './operations/retry-operations.ts';
import { runningOperations } from './operations/running-operations.ts';
import { schemaOperations } from './operations/schema-operations.ts';
import { sessionOperations } from './operations/session-operations.ts';
import { settingsOperations } from './operations/settings-operations.ts';
import { sourceOperations } from './operations/source-operations.ts';
import { streamOperations } from './operations/stream-operations.ts';
import { systemOperations } from './operations/system-operations.ts';
import { teamOperations } from './operations/team-operations.ts';
import { uploadOperations } from './operations/upload-operations.ts';
import { variableOperations } from './operations/variable-operations.ts';
import { webhookOperations } from './operations/webhook-operations.ts';

/** Every route of the api, in the order of its description. */
export const OPERATIONS: readonly Operation[] = [
  ...appOperations,
  ...outputOperations,
  ...uploadOperations,
  ...deploymentOperations,
  ...retryOperations,
  ...streamOperations,
  ...releaseOperations,
  ...runningOperations,
  ...settingsOperations,
  ...sourceOperations,
  ...knownHostOperations,
  ...variableOperations,
  ...domainOperations,
  ...webhookOperations,
  ...teamOperations,
  ...limitOperations,
  ...sessionOperations,
  ...processOperations,
  ...systemOperations,
  ...schemaOperations,
];

import { z } from 'zod';
import { PinnedSettings } from './app-settings.ts';
import { Diagnosis } from './diagnosis.ts';
import {
  AppId,
  DeploymentId,
  EnvironmentId,
  FarmId,
  HostId,
  InstanceId,
  OneOffId,
  ProcessId,
  ReleaseId,
  RouteId,
  TeamId,
  UploadId,
} from './ids.ts';
import { LIMITS } from './limits.ts';
import { Placement } from './placement.ts';
import { HealthSettings, Plan } from './plan.ts';
import { ProcessState } from './process-order.ts';
import { MemoryUse, ResourceLimits } from './resources.ts';
import { StageRecord } from './stage-record.ts';
import { StageName, StepName } from './stages.ts';
import { DeploymentStatus, Outcome } from './transitions.ts';

/** Milliseconds since the epoch. */
const Time = z.int().nonnegative();
const V1 = z.literal(1);

export const AppName = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens, starting with a letter');

export const Farm = z.object({ v: V1, id: FarmId, epoch: z.int().positive(), createdAt: Time });
export type Farm = z.infer<typeof Farm>;

export const App = z.object({
  v: V1,
  id: AppId,
  teamId: TeamId,
  name: AppName,
  /** null: it has none, and is deployed from uploads. */
  repository: z.string().nullable(),
  /** null: the repository's default branch. */
  branch: z.string().nullable(),
  createdAt: Time,
  deleting: z.boolean(),
});
export type App = z.infer<typeof App>;

/** Why nothing may pass the gate of an environment. `automatic` stops webhooks only, `all` stops everything. */
export const Hold = z
  .object({
    scope: z.enum(['automatic', 'all']),
    reason: z.string(),
    deploymentId: DeploymentId,
    at: Time,
  })
  .meta({ id: 'Hold' });
export type Hold = z.infer<typeof Hold>;

export const Environment = z.object({
  v: V1,
  id: EnvironmentId,
  teamId: TeamId,
  appId: AppId,
  name: z.string(),
  hosts: z.array(z.string()),
  /** The one deployment between migrate and switch. */
  gateHolder: DeploymentId.nullable(),
  hold: Hold.nullable(),
  createdAt: Time,
});
export type Environment = z.infer<typeof Environment>;

export const Commit = z
  .object({
    sha: z.string().regex(/^[0-9a-f]{40,64}$/),
    branch: z.string().nullable(),
    message: z.string(),
    author: z.string(),
    at: Time,
    /** On no branch and no tag of the repository: a pull request of a fork, for instance. What is made from it is reused by itself alone. */
    isForeign: z.boolean().optional(),
  })
  .meta({ id: 'Commit' });
export type Commit = z.infer<typeof Commit>;

/**
 * Why a deployment does not go on although it could. `result`: another one is making what this one needs, from the same inputs. `database`:
 * another one migrates the same database, or nobody knows how far a migration of it came.
 */
export const Waiting = z.enum(['slot', 'gate', 'hold', 'retry', 'result', 'database']);
export type Waiting = z.infer<typeof Waiting>;

/** An immutable file tree, named by its inputs. What `key` means on disk or in the engine is the platform's business. */
export const SnapshotRef = z.object({ key: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,127}$/), placement: Placement });
export type SnapshotRef = z.infer<typeof SnapshotRef>;

/** What later stages need of earlier ones. */
export const Artifacts = z.object({
  source: SnapshotRef.optional(),
  dependencies: SnapshotRef.optional(),
  build: SnapshotRef.optional(),
  releaseId: ReleaseId.optional(),
  /** Names the migration that ran to its end, by all that it ran on and with. A retry takes it over and does not run the same one again. */
  migrated: z.string().optional(),
});
export type Artifacts = z.infer<typeof Artifacts>;

export const Trigger = z.enum(['api', 'cli', 'page', 'webhook', 'poll', 'rollback', 'restart', 'start', 'example']);
export type Trigger = z.infer<typeof Trigger>;

export const Reuse = z.enum(['all', 'dependencies', 'none']);
export type Reuse = z.infer<typeof Reuse>;

export const Deployment = z.object({
  v: V1,
  id: DeploymentId,
  farmId: FarmId,
  teamId: TeamId,
  appId: AppId,
  environmentId: EnvironmentId,
  /** Counts from 1 per app, shown as #1, #2 … */
  number: z.int().positive(),
  trigger: Trigger,
  /** A repository and ref as they stood when accepted; null for an app that has none. */
  repository: z.string().nullable(),
  ref: z.string().nullable(),
  /** The commit whose push set it off, as it was told of or seen; null for what a person asked for. */
  pushed: z.string().nullable().default(null),
  /** What it deploys instead of a ref. */
  upload: UploadId.nullable().default(null),
  reuse: Reuse,
  /** The deployment that it tries again; `from` is the stage that was asked to be done anew with all that follow. */
  retryOf: z
    .object({ id: DeploymentId, number: z.int().positive(), from: StageName.nullable() })
    .nullable()
    .default(null),
  /** The app's settings as they were then: later changes make no difference to it. */
  settings: PinnedSettings.optional(),
  commit: Commit.nullable(),
  status: DeploymentStatus,
  /** How it will end or has ended; known before `status` is final, while cleanup runs. */
  outcome: Outcome.nullable(),
  /** The step that runs or comes next; null when all is done. */
  step: StepName.nullable(),
  /** Where the next step has to run. */
  placement: Placement,
  /** Why it does not run although it could be next. */
  waiting: Waiting.nullable(),
  cancelRequestedAt: Time.nullable(),
  /** When somebody asked for the end of its migration in the middle of it. */
  cancelForcedAt: Time.nullable().default(null),
  stages: z.array(StageRecord),
  plan: Plan.nullable(),
  artifacts: Artifacts,
  diagnosis: Diagnosis.nullable(),
  createdAt: Time,
  startedAt: Time.nullable(),
  /** When the route moved to it. */
  liveAt: Time.nullable(),
  /** When the route was put back on what was live before it. */
  turnedBackAt: Time.nullable().default(null),
  endedAt: Time.nullable(),
  /** The last event's sequence number. */
  sequence: z.int().nonnegative(),
});
export type Deployment = z.infer<typeof Deployment>;

/** What can be started. Kept for rollback. */
export const Release = z.object({
  v: V1,
  id: ReleaseId,
  teamId: TeamId,
  appId: AppId,
  environmentId: EnvironmentId,
  /** The deployment that made it. */
  deploymentId: DeploymentId,
  number: z.int().positive(),
  commit: Commit.nullable(),
  snapshot: SnapshotRef,
  plan: Plan,
  createdAt: Time,
  /** When it was last made live; null if never. */
  liveAt: Time.nullable(),
  /** It stays whatever its age. */
  pinned: z.boolean().optional(),
});
export type Release = z.infer<typeof Release>;

/** An instance that should exist on a host. Written by the health stage, carried out by that host's runner. */
export const DesiredInstance = z.object({
  v: V1,
  id: InstanceId,
  farmId: FarmId,
  epoch: z.int().positive(),
  hostId: HostId,
  teamId: TeamId,
  appId: AppId,
  appName: z.string(),
  environmentId: EnvironmentId,
  /** The deployment whose instances these are; a route's weight names it. */
  deploymentId: DeploymentId,
  releaseId: ReleaseId,
  snapshot: SnapshotRef,
  start: Plan.shape.start,
  runtime: Plan.shape.runtime,
  root: z.string(),
  persist: Plan.shape.persist,
  /** Non-secret variables. `PORT` and `HOST` are added by the runner. */
  env: z.record(z.string(), z.string()),
  health: HealthSettings,
  limits: ResourceLimits.default(LIMITS.runResources),
  /** `run`, or `drain`: take no new requests and stop at zero in flight or at `drainUntil`. */
  mode: z.enum(['run', 'drain']),
  drainUntil: Time.nullable(),
  createdAt: Time,
});
export type DesiredInstance = z.infer<typeof DesiredInstance>;

export const HealthFailure = z.enum([
  'exited',
  'nothing-listens',
  'wrong-port',
  'loopback-only',
  'error-status',
  'too-slow',
  'not-http',
  'not-started',
]);
export type HealthFailure = z.infer<typeof HealthFailure>;

/** What a runner sees of an instance. */
export const ObservedInstance = z.object({
  v: V1,
  id: InstanceId,
  hostId: HostId,
  deploymentId: DeploymentId,
  state: z.enum(['starting', 'healthy', 'unhealthy', 'backoff', 'draining', 'stopping', 'gone']),
  address: z.object({ host: z.string(), port: z.int() }).nullable(),
  pid: z.int().nullable(),
  startedAt: Time.nullable(),
  restarts: z.int().nonnegative(),
  lastExit: z
    .object({
      code: z.int().nullable(),
      signal: z.string().nullable(),
      at: Time,
      memory: MemoryUse.nullable().default(null),
    })
    .nullable(),
  health: z
    .object({
      failure: HealthFailure.nullable(),
      path: z.string().nullable(),
      status: z.int().nullable(),
      message: z.string(),
      checkedAt: Time,
    })
    .nullable(),
  /** The last lines of its output; masked. */
  outputTail: z.array(z.string()),
  at: Time,
});
export type ObservedInstance = z.infer<typeof ObservedInstance>;

/** A command that must outlive the worker that wanted it: a migration. */
export const OneOff = z.object({
  v: V1,
  id: OneOffId,
  farmId: FarmId,
  epoch: z.int().positive(),
  hostId: HostId,
  teamId: TeamId,
  appId: AppId,
  environmentId: EnvironmentId,
  deploymentId: DeploymentId,
  snapshot: SnapshotRef,
  command: z.string(),
  runtime: Plan.shape.runtime,
  root: z.string(),
  persist: Plan.shape.persist,
  env: z.record(z.string(), z.string()),
  timeLimitMs: z.int().positive(),
  limits: ResourceLimits.default(LIMITS.buildResources),
  /** `wanted` → `running` → `exited`; `unknown` when its host lost it; `cancelled` when it was withdrawn before it started. */
  state: z.enum(['wanted', 'running', 'exited', 'unknown', 'cancelled']),
  exit: z
    .object({
      code: z.int().nullable(),
      signal: z.string().nullable(),
      timedOut: z.boolean(),
      memory: MemoryUse.nullable().default(null),
    })
    .nullable(),
  /** When somebody asked for its end whatever it is at; its runner ends it then, and its outcome is `unknown`. */
  endRequestedAt: Time.nullable().default(null),
  createdAt: Time,
  startedAt: Time.nullable(),
  endedAt: Time.nullable(),
});
export type OneOff = z.infer<typeof OneOff>;

/** A share of an environment's visitors. Weights of a route add up to 100. */
export const Weight = z.object({ releaseId: ReleaseId, deploymentId: DeploymentId, weight: z.int().min(0).max(100) });
export type Weight = z.infer<typeof Weight>;

export const Route = z.object({
  v: V1,
  /** Random, compared by equality: routers acknowledge it. */
  id: RouteId,
  environmentId: EnvironmentId,
  appId: AppId,
  appName: z.string(),
  hosts: z.array(z.string()),
  /** The number of the deployment that moved it last. */
  owner: z.int().positive(),
  weights: z.array(Weight),
  at: Time,
  /** Nothing of it runs on purpose; deployments up to number `before` were accepted when that was asked for. */
  stopped: z.object({ at: Time, before: z.int().nonnegative() }).optional(),
});
export type Route = z.infer<typeof Route>;

/** An address that visitors of a deployment's instances may be sent to. Written by the runner. */
export const Endpoint = z.object({
  instanceId: InstanceId,
  environmentId: EnvironmentId,
  deploymentId: DeploymentId,
  host: z.string(),
  port: z.int().min(1).max(65_535),
  ready: z.boolean(),
});
export type Endpoint = z.infer<typeof Endpoint>;

/** Everything a router needs, as read in one transaction. */
export const RoutingTable = z.object({
  /** Whose records these are; null where Redis holds no farm. Versions of two farms or epochs can't be compared. */
  farm: Farm.pick({ id: true, epoch: true }).nullable().default(null),
  version: z.int().nonnegative(),
  routes: z.array(Route),
  endpoints: z.array(Endpoint),
});
export type RoutingTable = z.infer<typeof RoutingTable>;

export const ProcessKind = z.enum(['api', 'worker', 'runner', 'router']);
export type ProcessKind = z.infer<typeof ProcessKind>;

/** What a process says of itself with every beat. */
export const ProcessRecord = z.object({
  v: V1,
  id: ProcessId,
  kind: ProcessKind,
  hostId: HostId,
  pid: z.int(),
  version: z.string(),
  /** host:port of its metrics. */
  metrics: z.string().nullable(),
  startedAt: Time,
  beatAt: Time,
  state: ProcessState.default('working'),
  /** Stages of a worker, requests and streams of an api, requests and connections of a router, starts and commands of a runner. */
  inHand: z.int().nonnegative().default(0),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

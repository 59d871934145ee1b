import {
  App,
  AppName,
  AppSettings,
  Commit,
  Deployment,
  DeploymentId,
  DiskUse,
  Environment,
  GitRef,
  Hold,
  LIMITS,
  ObservedInstance,
  ProcessKind,
  ProcessRecord,
  ReleaseId,
  Reuse,
  StageName,
  StageRecord,
  UploadId,
  Variable,
  VariableName,
  VariableScope,
  VariableValue,
  VariableVersion,
  VersionedSettings,
  Wait,
  Weight,
} from '@switchyard/domain';
import { z } from 'zod';

/**
 * The API's shapes, request and response. The api parses requests with them and makes OpenAPI from them; clients parse answers with them.
 * Answers may gain fields: clients ignore those they do not know.
 */

export const CreateApp = z
  .strictObject({
    name: AppName,
    repository: z.string().min(1).max(LIMITS.maxRepositoryLength).optional().meta({
      description: 'Where its source is; without one it is deployed from uploads.',
    }),
    branch: GitRef.optional(),
    team: z.string().min(1).max(64).optional().meta({
      description: 'Name or id of the team whose it is. For the operator; a team’s token makes apps for its team.',
    }),
  })
  .refine(({ repository, branch }) => branch === undefined || repository !== undefined, {
    path: ['branch'],
    message: 'a branch needs a repository',
  })
  .meta({ id: 'NewApp' });
export type CreateApp = z.infer<typeof CreateApp>;

export const CreateDeployment = z
  .strictObject({
    /** Branch, tag or commit; the app's branch when absent. */
    ref: GitRef.optional(),
    /** What may come from the cache: everything, dependencies only, nothing. */
    reuse: Reuse.default('all'),
    upload: UploadId.optional().meta({ description: 'An upload to deploy instead of a ref.' }),
  })
  .refine(({ ref, upload }) => ref === undefined || upload === undefined, {
    path: ['upload'],
    message: 'either `ref` or `upload`, not both',
  })
  .meta({ id: 'NewDeployment' });
export type CreateDeployment = z.input<typeof CreateDeployment>;

export const Rollback = z
  .strictObject({
    /** Number of the deployment whose release shall be live again; the newest older one that was live when absent. */
    to: z.int().positive().optional(),
  })
  .meta({ id: 'Rollback' });
export type Rollback = z.infer<typeof Rollback>;

export const Retry = z
  .strictObject({
    /** A stage that is done anew with all that follow; wherever it makes a difference when absent. */
    from: StageName.optional(),
  })
  .meta({ id: 'Retry' });
export type Retry = z.infer<typeof Retry>;

/** A deployment as the API shows it: the record, with links and names. */
export const DeploymentView = Deployment.omit({ v: true, farmId: true, sequence: true })
  .extend({
    app: AppName,
    environment: z.string(),
    /** Where the app answers once the deployment is live. */
    url: z.string(),
    /** The deployment's page. */
    page: z.string(),
    /** Why it waits, its position and an estimate, as of this moment; null while it does not wait. */
    wait: Wait.nullable().default(null),
  })
  .meta({ id: 'Deployment' });
export type DeploymentView = z.infer<typeof DeploymentView>;

export const DeploymentSummary = DeploymentView.omit({ plan: true, stages: true, artifacts: true, wait: true })
  .extend({
    stages: z.array(StageRecord.pick({ name: true, status: true, startedAt: true, endedAt: true })),
  })
  .meta({ id: 'DeploymentSummary' });
export type DeploymentSummary = z.infer<typeof DeploymentSummary>;

export const DeploymentList = z
  .object({
    /** Newest first. */
    deployments: z.array(DeploymentSummary),
    /** What to pass as `before` for the next page; null on the last one. */
    next: z.string().nullable(),
  })
  .meta({ id: 'DeploymentList' });
export type DeploymentList = z.infer<typeof DeploymentList>;

/** What visitors get. */
export const LiveRelease = z
  .object({
    releaseId: ReleaseId,
    /** The deployment that made it live; another one than made the release after a rollback. */
    deploymentId: DeploymentId,
    /** Number of the deployment that made the release; what `rollback` takes as `to`. */
    number: z.int(),
    commit: Commit.nullable(),
    liveAt: z.int().nullable(),
    weight: Weight.shape.weight,
  })
  .meta({ id: 'LiveRelease' });
export type LiveRelease = z.infer<typeof LiveRelease>;

const KeptRelease = z
  .object({
    releaseId: ReleaseId,
    deploymentId: DeploymentId,
    number: z.int(),
    commit: Commit.nullable(),
    liveAt: z.int().nullable(),
    /** Stays whatever its age. */
    pinned: z.boolean(),
  })
  .meta({ id: 'KeptRelease' });

/** An environment of an app. `gateHolder` is the one deployment between migrate and switch. */
export const EnvironmentView = Environment.pick({ id: true, appId: true, name: true, gateHolder: true, hold: true })
  .extend({ app: AppName })
  .meta({ id: 'Environment' });
export type EnvironmentView = z.infer<typeof EnvironmentView>;

/** How a deployment is cancelled. */
export const Cancel = z
  .strictObject({
    force: z.boolean().default(false).meta({
      description:
        'Ends a migration that runs in the middle, instead of waiting for its end. Nobody knows then how far it came: the environment is on hold until somebody has looked at the database and releases it.',
    }),
  })
  .meta({ id: 'Cancel' });
export type Cancel = z.input<typeof Cancel>;

export const AppView = App.omit({ v: true, deleting: true })
  .extend({
    url: z.string(),
    hosts: z.array(z.string()),
    /** null: nothing is live. */
    live: LiveRelease.nullable(),
    /** Kept releases that `rollback` can go to, most recently live first. */
    releases: z.array(KeptRelease),
    instances: z.array(ObservedInstance.omit({ v: true, outputTail: true }).meta({ id: 'Instance' })),
    /** Of production. */
    hold: Hold.nullable(),
    environments: z.array(EnvironmentView),
    /** How many instances the settings ask for. */
    replicas: z.int(),
    /** Since when nothing of it runs on purpose; null: it was not stopped. */
    stoppedAt: z.int().nullable(),
  })
  .meta({ id: 'App' });
export type AppView = z.infer<typeof AppView>;

export const AppSummary = App.omit({ v: true, deleting: true })
  .extend({
    url: z.string(),
    live: LiveRelease.nullable(),
    stoppedAt: z.int().nullable(),
  })
  .meta({ id: 'AppSummary' });
export type AppSummary = z.infer<typeof AppSummary>;
export const AppList = z.object({ apps: z.array(AppSummary) }).meta({ id: 'AppList' });
export type AppList = z.infer<typeof AppList>;

/** What was set for an app; `settings` holds only what was. */
export const SettingsView = VersionedSettings.omit({ values: true })
  .extend({ settings: AppSettings })
  .meta({ id: 'Settings' });
export type SettingsView = z.infer<typeof SettingsView>;

export const Scale = z.strictObject({ replicas: z.int().min(1).max(LIMITS.maxReplicas) }).meta({ id: 'Scale' });
export type Scale = z.infer<typeof Scale>;

const settings = {
  /** Where it is seen; as it was when absent, `both` for a new one. */
  scope: VariableScope.optional().meta({ description: 'Who sees it; as it was when absent, `both` for a new one.' }),
  sensitive: z
    .boolean()
    .optional()
    .meta({ description: 'Whether its value is never shown; as it was when absent, `true` for a new one.' }),
};

export const SetVariable = z.strictObject({ value: VariableValue, ...settings }).meta({ id: 'NewVariable' });
export type SetVariable = z.infer<typeof SetVariable>;

/** Several at once, all or none. */
export const SetVariables = z
  .strictObject({
    /** The text of a `.env` file. */
    dotenv: z.string().optional().meta({ description: 'The text of a `.env` file.' }),
    set: z.record(VariableName, VariableValue).optional().meta({ description: 'Names and values; these win.' }),
    ...settings,
  })
  .meta({ id: 'NewVariables' });
export type SetVariables = z.infer<typeof SetVariables>;

/** Without its value, unless it is not sensitive. */
export const VariableView = Variable.omit({ v: true })
  .extend({
    value: z
      .string()
      .optional()
      .meta({ description: 'Only of one that is not sensitive and can be opened with the present secret key.' }),
  })
  .meta({ id: 'Variable' });
export type VariableView = z.infer<typeof VariableView>;
export const VariableList = z.object({ variables: z.array(VariableView) }).meta({ id: 'VariableList' });
export type VariableList = z.infer<typeof VariableList>;

export const VariableVersionView = VariableVersion.omit({ v: true, name: true }).meta({ id: 'VariableVersion' });
export type VariableVersionView = z.infer<typeof VariableVersionView>;
export const VariableVersionList = z
  .object({ versions: z.array(VariableVersionView) })
  .meta({ id: 'VariableVersionList' });
export type VariableVersionList = z.infer<typeof VariableVersionList>;

export const OpenSession = z.strictObject({ token: z.string().min(1).max(512) }).meta({ id: 'NewSession' });
export type OpenSession = z.infer<typeof OpenSession>;
export const Session = z.object({ expiresAt: z.int() }).meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;

export const ProcessView = ProcessRecord.pick({
  id: true,
  kind: true,
  hostId: true,
  pid: true,
  version: true,
  metrics: true,
  startedAt: true,
  state: true,
  inHand: true,
}).meta({ id: 'Process' });
export type ProcessView = z.infer<typeof ProcessView>;
export const ProcessList = z.object({ processes: z.array(ProcessView) }).meta({ id: 'ProcessList' });
export type ProcessList = z.infer<typeof ProcessList>;
export const DrainRequest = z
  .strictObject({
    deadlineMs: z
      .int()
      .min(0)
      .max(LIMITS.maxDrainDeadlineMs)
      .optional()
      .meta({ description: 'How long what it has in hand may go on; its own setting when absent.' }),
  })
  .meta({ id: 'Drain' });
export type DrainRequest = z.infer<typeof DrainRequest>;

/** Whether deploys can be taken: Redis answers, and at least one worker, runner and router is alive. */
export const Readiness = z
  .object({
    ready: z.boolean(),
    parts: z.array(
      z.object({
        name: z.enum(['redis', ...ProcessKind.options]),
        ready: z.boolean(),
        /** What is missing and what to do; null when nothing is. */
        reason: z.string().nullable(),
      }),
    ),
    /** Only for those who show the admin token. */
    processes: z.array(ProcessView).optional(),
  })
  .meta({ id: 'Readiness' });
export type Readiness = z.infer<typeof Readiness>;

export const DiskList = z.object({ disks: z.array(DiskUse) }).meta({ id: 'DiskList' });
export type DiskList = z.infer<typeof DiskList>;

/** Header with which a client says what it is. A page of another origin can't send it unasked, so it also proves that a write with a cookie is meant. */
export const CLIENT_HEADER = 'Switchyard-Client';
export const ClientKind = z.enum(['api', 'cli', 'page', 'example']);
export type ClientKind = z.infer<typeof ClientKind>;

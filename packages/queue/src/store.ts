import type {
  App,
  AppId,
  Artifacts,
  CacheResult,
  Commit,
  Deployment,
  DeploymentEvent,
  DeploymentId,
  Diagnosis,
  Environment,
  EnvironmentId,
  Farm,
  HostId,
  MemoryUse,
  Placement,
  Plan,
  ProcessId,
  Provider,
  QueueName,
  Release,
  ReleaseId,
  Reuse,
  RouteId,
  SealedVariable,
  StageName,
  StepName,
  SwitchyardError,
  TeamId,
  Trigger,
  UploadId,
  WaitFacts,
  Waiting,
} from '@switchyard/domain';
import type { Claims, WorkName } from './claims.ts';
import type { DatabaseLocks } from './databases.ts';
import type { DiskRecords } from './disks.ts';
import type { DomainRecords } from './domain-records.ts';
import type { IdempotencyRecords } from './idempotency.ts';
import type { OutputStreams } from './output-streams.ts';
import type { KnownHostRecords, SourceCredentialRecords } from './source-store.ts';
import type { ReleaseRecords, SettingsRecords, VariableRecords } from './store-of-apps.ts';
import type { InstanceRecords, OneOffRecords, ProcessRecords, RoutingRecords } from './store-of-instances.ts';
import type { LimitRecords, TeamRecords } from './team-records.ts';
import type { UploadRecords } from './uploads.ts';
import type { WebhookRecords } from './webhooks.ts';

export type { Claims, WorkName } from './claims.ts';
export type { DatabaseAnswer, DatabaseLocks } from './databases.ts';
export type { DomainRecords } from './domain-records.ts';
export type { OutputBatch, OutputSource, OutputStreams } from './output-streams.ts';
export type * from './store-of-instances.ts';

/**
 * What the rest of the system may do with Redis. Implemented once, by `openStore()`. Every method rejects with a `SwitchyardError`:
 * `redis-unavailable` when Redis does not answer, `record-unreadable` when what it holds is not of the expected shape, and the codes
 * named at the methods.
 */
export interface Store {
  readonly farm: FarmRecords;
  readonly teams: TeamRecords;
  readonly limits: LimitRecords;
  readonly apps: AppRecords;
  readonly settings: SettingsRecords;
  readonly variables: VariableRecords;
  readonly domains: DomainRecords;
  readonly sourceCredentials: SourceCredentialRecords;
  readonly knownHosts: KnownHostRecords;
  readonly deployments: DeploymentRecords;
  readonly chain: Chain;
  readonly claims: Claims;
  readonly databases: DatabaseLocks;
  readonly disks: DiskRecords;
  readonly events: EventStreams;
  readonly output: OutputStreams;
  readonly releases: ReleaseRecords;
  readonly instances: InstanceRecords;
  readonly oneOffs: OneOffRecords;
  readonly routing: RoutingRecords;
  readonly processes: ProcessRecords;
  readonly webhooks: WebhookRecords;
  readonly uploads: UploadRecords;
  readonly idempotency: IdempotencyRecords;
  readonly queues: Queues;
  /** Whether Redis answers right now. Never rejects. */
  isReady(): Promise<boolean>;
  close(): Promise<void>;
}

/** Ends a subscription. Safe to call twice. */
export type Unsubscribe = () => void;

export interface FarmRecords {
  /** Rejects with `unavailable` when there is none: only a process that starts may make one. */
  current(): Promise<Farm>;
  /**
   * The farm's record. Made when Redis has none: with `known` (id and epoch as the data directory remembers them) the id is kept and
   * the epoch grows by one, since everything that carries the old epoch stems from before the loss.
   */
  ensure(known: Pick<Farm, 'id' | 'epoch'> | null): Promise<Farm>;
}

export interface NewApp {
  readonly teamId: TeamId;
  readonly name: string;
  /** null: it is deployed from uploads. */
  readonly repository: string | null;
  readonly branch: string | null;
  /** Hosts of its production environment. */
  readonly hosts: readonly string[];
}

export interface AppRecords {
  /** Makes the app and its production environment in one step. Rejects with `app-exists`, `too-many-apps`, `team-not-found`. */
  create(app: NewApp): Promise<{ app: App; environment: Environment }>;
  /** By name or by id; null where there is none (an app that is being deleted is none). */
  find(nameOrId: string): Promise<App | null>;
  get(id: AppId): Promise<App | null>;
  /** In the order of their names. */
  list(): Promise<App[]>;
  environments(appId: AppId): Promise<Environment[]>;
  environment(id: EnvironmentId): Promise<Environment | null>;
  /**
   * Frees the name, takes the routes away, cancels what is unfinished and withdraws all desired instances. Records go when the last
   * deployment has ended (see `Chain.sweep`).
   */
  remove(id: AppId): Promise<void>;
}

export interface DeploymentRecords {
  get(id: DeploymentId): Promise<Deployment | null>;
  /** Why it waits, and behind what, as of this moment; null for one that does not wait. */
  wait(id: DeploymentId): Promise<WaitFacts | null>;
  /** Newest first. `before` is a deployment number (per app) to go on from. */
  listOfApp(appId: AppId, page: { before: number | null; limit: number }): Promise<Deployment[]>;
  /** Newest first, over all apps, or all of a team. */
  listRecent(limit: number, team?: TeamId): Promise<Deployment[]>;
  /**
   * Deployments of some app, another one every time, whose records and logs are past its retention; `LIMITS.maxSweepRemovals` at most.
   * Never one that is unfinished, live, runs, or made a release that is kept.
   */
  pastRetention(): Promise<DeploymentId[]>;
  /** Removes a deployment's record and events. Its logs in blobs are the caller's, and go before. */
  forget(id: DeploymentId): Promise<void>;
  /** How many deployments wait for a slot, the gate, a hold; and slots in use per scope. */
  counts(): Promise<{ waiting: Record<Waiting, number>; slots: { farm: number; pins: number } }>;
}

export type AcceptKind =
  | { readonly kind: 'deploy'; readonly ref: string | null; readonly upload?: UploadId; readonly reuse: Reuse }
  /** Enters at `health` with a kept release; passes the gate at once and holds automatic deployments. */
  | { readonly kind: 'rollback'; readonly release: Release }
  /** Enters at `health` with whatever is live when its turn comes; waits for the gate. */
  | { readonly kind: 'restart'; readonly release: Release };

export interface AcceptRequest {
  readonly appId: AppId;
  readonly environmentId: EnvironmentId;
  readonly trigger: Trigger;
  readonly what: AcceptKind;
  /** The ended deployment that is tried again: its commit stays pinned, and its migration counts where it would be the same. */
  readonly retry?: { readonly of: Deployment; readonly from: StageName | null };
  /** Names the request: accepted once, it is answered with the same deployment for `LIMITS.idempotencyMemoryMs`. */
  readonly once?: string | null;
}

/** A push that a webhook told of, to be deployed by itself. */
export interface PushRequest {
  readonly appId: AppId;
  readonly environmentId: EnvironmentId;
  /** The branch whose head is deployed, as it stands when it is resolved. */
  readonly ref: string;
  /** What the branch pointed to when it was pushed. */
  readonly sha: string;
  readonly provider: Provider;
  /** Null: the provider sent none, and a repeated delivery is not recognised. */
  readonly deliveryId: string | null;
}

/** The head of an app's branch, seen without a webhook. */
export type SeenHead = Omit<PushRequest, 'provider' | 'deliveryId'>;

/**
 * `duplicate`: this delivery set a deployment off before. `held`: a rollback holds automatic deployments, or is under way.
 * `already-deployed`: the environment's newest deployment has not failed and is of the same commit.
 */
export type PushAnswer =
  | { readonly answer: 'accepted'; readonly deployment: Deployment }
  | { readonly answer: 'duplicate' | 'already-deployed'; readonly deploymentId: DeploymentId }
  | { readonly answer: 'held'; readonly reason: string };

/** A wake-up for a step. It may be lost, late or double: `begin` decides. */
export interface Wake {
  readonly deploymentId: DeploymentId;
  readonly step: StepName;
  /** The job that it came with: to begin is to have received it. */
  readonly jobId?: string;
}

/** The right to work on a step, until the lease runs out. */
export interface Lease {
  readonly deploymentId: DeploymentId;
  readonly step: StepName;
  /** Grows with every begin; scripts refuse every other than the newest. */
  readonly token: number;
  readonly processId: ProcessId;
}

export type BeginAnswer =
  | {
      readonly answer: 'run';
      readonly lease: Lease;
      readonly deployment: Deployment;
      readonly app: App;
      readonly environment: Environment;
      /** The environment's, as they are now; or why they can't be read. */
      readonly variables: readonly SealedVariable[] | SwitchyardError;
      /** Counts from 1 within the stage, lost and handed-back attempts included. */
      readonly attempt: number;
      /** Attempts of this stage that count against its limit, this one included. */
      readonly counted: number;
    }
  /** done: the step has been finished before. held: another worker has it. waiting: for gate, hold or slot. not-next: not its turn. gone: no such deployment. */
  | { readonly answer: 'done' | 'held' | 'waiting' | 'not-next' | 'gone' };

/** How an attempt at a step ended. What later steps need comes with it. */
export type StepResult =
  | {
      readonly kind: 'succeeded';
      readonly cache?: CacheResult;
      readonly note?: string;
      readonly commit?: Commit;
      readonly plan?: Plan;
      /** Added to what is there. */
      readonly artifacts?: Artifacts;
      /** Where the next steps have to run; kept as it is when absent. */
      readonly placement?: Placement;
    }
  | { readonly kind: 'skipped'; readonly note: string }
  /** `retryAfterMs` null: final (in cleanup: reported, the outcome stays). `hold`: nothing passes the environment's gate any more, and why. */
  | {
      readonly kind: 'failed';
      readonly diagnosis: Diagnosis;
      readonly note: string;
      readonly retryAfterMs: number | null;
      readonly hold?: string;
    }
  /** `switch` found that a newer deployment owns the route. */
  | { readonly kind: 'superseded'; readonly note: string }
  /** The step's processes are gone. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'timed_out'; readonly diagnosis: Diagnosis; readonly limitMs: number; readonly hold?: string }
  /** The worker is stopping: the attempt does not count, and another worker takes over at once. */
  | { readonly kind: 'handed_back' }
  /** Another deployment does the same work: this one goes on when that attempt has ended. The attempt does not count. */
  | { readonly kind: 'awaits'; readonly work: WorkName; readonly number: number; readonly note: string }
  /** Another one migrates what it would, or it is on hold: it goes on when that has ended. The attempt does not count. */
  | { readonly kind: 'awaits_database'; readonly note: string };

export type FinishAnswer = 'finished' | 'lease-lost';
export type BeatAnswer = 'kept' | 'cancel' | 'lost';
export type CancelAnswer =
  | 'cancelling'
  | 'cancelled'
  | 'already-ended'
  | 'already-switched'
  | 'no-migration'
  | 'not-found';

export interface SweepReport {
  /** Outbox entries handed on, expired leases woken, lost jobs and retries woken again. */
  readonly handedOn: number;
  readonly takenOver: number;
  readonly rewoken: number;
  /** Deployments of deleted apps whose records are gone: their logs can go too. */
  readonly purged: readonly DeploymentId[];
  /** Environments of deleted apps whose records are gone: what is kept of their output can go too. */
  readonly purgedEnvironments: readonly EnvironmentId[];
}

/** The life of deployments; see "How the chain holds" in ARCHITECTURE.md. */
export interface Chain {
  /** Rejects with `app-not-found`, `app-being-deleted`, `too-many-deployments`, `release-not-kept`, `no-repository`, `upload-not-found`. */
  accept(request: AcceptRequest): Promise<Deployment>;
  /**
   * Accepts a push unless something speaks against it; all in one step, so that of two equal deliveries one deploys and none slips past
   * a rollback. Rejects as `accept` does.
   */
  acceptPush(push: PushRequest): Promise<PushAnswer>;
  /**
   * Accepts a head that no deployment of the environment has had, whatever became of it, and while none is under way whose commit is not
   * known yet. Rejects as `accept` does.
   */
  acceptHead(head: SeenHead): Promise<PushAnswer>;
  begin(wake: Wake, worker: { processId: ProcessId }): Promise<BeginAnswer>;
  /** Extends the lease. `cancel` extends it too: the worker ends its work and finishes with `cancelled`. */
  beat(lease: Lease): Promise<BeatAnswer>;
  /** Records the result and what the attempt's commands took of memory, decides what comes next, admits what may run, and hands it on. */
  finish(lease: Lease, result: StepResult, memory?: MemoryUse | null): Promise<FinishAnswer>;
  /** `force` ends a migration that goes on in the middle, and is refused with `no-migration` where none does. */
  cancel(id: DeploymentId, options?: { force: boolean }): Promise<CancelAnswer>;
  /** Lets the deployments that wait at a held environment go on, and those that wait for a database which it holds. */
  releaseHold(id: EnvironmentId): Promise<void>;
  /**
   * Puts the route on this deployment's instances. `not-ready`: fewer than `minReady` of its endpoints are ready now. `outdated`: a
   * newer deployment owns the route. `stopped`: the app was stopped after this one was accepted. Calling it again after success answers with the same route.
   */
  moveRoute(
    lease: Lease,
    target: { releaseId: ReleaseId; minReady: number },
  ): Promise<
    | { answer: 'moved'; routeId: RouteId }
    | { answer: 'not-ready' | 'outdated' | 'stopped' | 'cancelled' | 'lease-lost' }
  >;
  /**
   * Puts the route back on what was live before this deployment took it, in one step and with a new id; its owner stays. `not-live`: the
   * route is not this deployment's (any more). `nothing-before`: nothing was live, or the app was stopped. `not-ready`: fewer than
   * `minReady` of the earlier endpoints are ready now; from this deployment's cleanup on they are gone. Calling it again after success
   * answers with the same route.
   */
  turnBack(
    id: DeploymentId,
    options: { minReady: number; reason: string },
  ): Promise<
    { answer: 'turned-back'; routeId: RouteId } | { answer: 'not-found' | 'not-live' | 'nothing-before' | 'not-ready' }
  >;
  /** Called by one worker at a time: takes the leader lease itself and answers null when another has it. */
  sweep(processId: ProcessId): Promise<SweepReport | null>;
  /**
   * Takes over what dead workers have left whose leases have run out. Any worker may, at any time. `nextAt`: when the next lease runs out
   * unless its owner beats; null where there is none.
   */
  takeOver(): Promise<{ takenOver: number; nextAt: number | null }>;
  /** Calls back at once when a deployment of the given id is to be cancelled. */
  onCancel(listener: (id: DeploymentId) => void): Unsubscribe;
}

export interface EventStreams {
  /** Appends log lines under the lease; answers the event's id, or null when the lease is lost. */
  appendLog(
    lease: Lease,
    batch: { stage: StageName; attempt: number; firstLine: number; lines: readonly string[] },
  ): Promise<number | null>;
  /**
   * Events after `afterId`, in order. Log events that have left Redis are missing: `logsFrom` is the id of the oldest log event that is
   * still here (null: none), so that a reader knows what to take from blobs.
   */
  read(id: DeploymentId, afterId: number): Promise<{ events: DeploymentEvent[]; logsFrom: number | null }>;
  /** Drops log events up to and including `id` from Redis: they are in blobs. */
  trimLogs(id: DeploymentId, upTo: number): Promise<void>;
  /** Live events; one Redis subscription per deployment and process, shared. After a reconnect the listener gets 'reread'. */
  subscribe(id: DeploymentId, listener: (event: DeploymentEvent | 'reread') => void): Promise<Unsubscribe>;
}

export interface Queues {
  /**
   * Takes wake-ups off the named queues and calls `work` for each, at most `concurrency` at once per queue. `quiet()` takes no more;
   * `close()` waits for those in work.
   */
  take(options: {
    queues: readonly QueueName[];
    concurrency: number;
    work: (wake: Wake) => Promise<void>;
    onError: (error: unknown) => void;
  }): Promise<{ quiet(): Promise<void>; close(): Promise<void> }>;
  /** Jobs per queue and state, for metrics: the pools' queues, and those of the hosts that are named. */
  depth(
    hosts: readonly HostId[],
  ): Promise<{ queue: QueueName; state: 'waiting' | 'active' | 'delayed'; count: number }[]>;
}

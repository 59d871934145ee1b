import type {
  App,
  AppId,
  Artifacts,
  CacheResult,
  Commit,
  Delivery,
  Deployment,
  DeploymentEvent,
  DeploymentId,
  DesiredInstance,
  Diagnosis,
  Endpoint,
  Environment,
  EnvironmentId,
  Farm,
  HostId,
  InstanceId,
  MemoryUse,
  ObservedInstance,
  OneOff,
  OneOffId,
  Placement,
  Plan,
  ProcessId,
  ProcessKind,
  ProcessRecord,
  Provider,
  QueueName,
  Release,
  ReleaseId,
  Reuse,
  Route,
  RouteId,
  RoutingTable,
  StageName,
  StepName,
  TeamId,
  Trigger,
} from '@switchyard/domain';
import type { KnownHostRecords, SourceCredentialRecords } from './source-store.ts';
import type { ReleaseRecords, SettingsRecords, VariableRecords } from './store-of-apps.ts';

/**
 * What the rest of the system may do with Redis. Implemented once, by `openStore()`. Every method rejects with a `SwitchyardError`:
 * `redis-unavailable` when Redis does not answer, `record-unreadable` when what it holds is not of the expected shape, and the codes
 * named at the methods.
 */
export interface Store {
  readonly farm: FarmRecords;
  readonly apps: AppRecords;
  readonly settings: SettingsRecords;
  readonly variables: VariableRecords;
  readonly sourceCredentials: SourceCredentialRecords;
  readonly knownHosts: KnownHostRecords;
  readonly deployments: DeploymentRecords;
  readonly chain: Chain;
  readonly events: EventStreams;
  readonly releases: ReleaseRecords;
  readonly instances: InstanceRecords;
  readonly oneOffs: OneOffRecords;
  readonly routing: RoutingRecords;
  readonly processes: ProcessRecords;
  readonly webhooks: WebhookRecords;
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
  readonly repository: string;
  readonly branch: string | null;
  /** Hosts of its production environment. */
  readonly hosts: readonly string[];
}

export interface AppRecords {
  /** Makes the app and its production environment in one step. Rejects with `app-exists`, `too-many-apps`. */
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
  /** Newest first. `before` is a deployment number (per app) to go on from. */
  listOfApp(appId: AppId, page: { before: number | null; limit: number }): Promise<Deployment[]>;
  /** Newest first, over all apps. */
  listRecent(limit: number): Promise<Deployment[]>;
  /**
   * Deployments of some app, another one every time, whose records and logs are past its retention; `LIMITS.maxSweepRemovals` at most.
   * Never one that is unfinished, live, runs, or made a release that is kept.
   */
  pastRetention(): Promise<DeploymentId[]>;
  /** Removes a deployment's record and events. Its logs in blobs are the caller's, and go before. */
  forget(id: DeploymentId): Promise<void>;
  /** How many deployments wait for a slot, the gate, a hold; and slots in use per scope. */
  counts(): Promise<{ waiting: Record<'slot' | 'gate' | 'hold' | 'retry', number>; slots: { farm: number } }>;
}

export type AcceptKind =
  | { readonly kind: 'deploy'; readonly ref: string | null; readonly reuse: Reuse }
  /** Enters at `health` with a kept release; passes the gate at once and holds automatic deployments. */
  | { readonly kind: 'rollback'; readonly release: Release }
  /** Enters at `health` with whatever is live when its turn comes; waits for the gate. */
  | { readonly kind: 'restart'; readonly release: Release };

export interface AcceptRequest {
  readonly appId: AppId;
  readonly environmentId: EnvironmentId;
  readonly trigger: Trigger;
  readonly what: AcceptKind;
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
  | { readonly kind: 'timed_out'; readonly diagnosis: Diagnosis; readonly limitMs: number }
  /** The worker is stopping: the attempt does not count, and another worker takes over at once. */
  | { readonly kind: 'handed_back' };

export type FinishAnswer = 'finished' | 'lease-lost';
export type BeatAnswer = 'kept' | 'cancel' | 'lost';
export type CancelAnswer = 'cancelling' | 'cancelled' | 'already-ended' | 'already-switched' | 'not-found';

export interface SweepReport {
  /** Outbox entries handed on, expired leases woken, lost jobs and retries woken again. */
  readonly handedOn: number;
  readonly takenOver: number;
  readonly rewoken: number;
  /** Deployments of deleted apps whose records are gone: their logs can go too. */
  readonly purged: readonly DeploymentId[];
}

/** The life of deployments; see "How the chain holds" in ARCHITECTURE.md. */
export interface Chain {
  /** Rejects with `app-not-found`, `app-being-deleted`, `too-many-deployments`, `release-not-kept`. */
  accept(request: AcceptRequest): Promise<Deployment>;
  /**
   * Accepts a push unless something speaks against it; all in one step, so that of two equal deliveries one deploys and none slips past
   * a rollback. Rejects as `accept` does.
   */
  acceptPush(push: PushRequest): Promise<PushAnswer>;
  begin(wake: Wake, worker: { processId: ProcessId }): Promise<BeginAnswer>;
  /** Extends the lease. `cancel` extends it too: the worker ends its work and finishes with `cancelled`. */
  beat(lease: Lease): Promise<BeatAnswer>;
  /** Records the result and what the attempt's commands took of memory, decides what comes next, admits what may run, and hands it on. */
  finish(lease: Lease, result: StepResult, memory?: MemoryUse | null): Promise<FinishAnswer>;
  cancel(id: DeploymentId): Promise<CancelAnswer>;
  /** Lets the deployments that wait at a held environment go on. */
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
  /** Called by one worker at a time: takes the leader lease itself and answers null when another has it. */
  sweep(processId: ProcessId): Promise<SweepReport | null>;
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

export interface InstanceRecords {
  /** Under the lease; the first set of a deployment wins and is answered, so that a second attempt re-attaches. Null: lease lost. */
  desire(lease: Lease, instances: readonly DesiredInstance[]): Promise<DesiredInstance[] | null>;
  ofDeployment(id: DeploymentId): Promise<DesiredInstance[]>;
  ofEnvironment(id: EnvironmentId): Promise<DesiredInstance[]>;
  ofHost(id: HostId): Promise<DesiredInstance[]>;
  /** Takes no new requests from now on; the runner stops it at zero in flight or at `until`. */
  drain(ids: readonly InstanceId[], until: number): Promise<void>;
  /** The runner stops it at once and forgets it. */
  withdraw(ids: readonly InstanceId[]): Promise<void>;
  /**
   * Brings what runs of an environment's live releases to the number that its app's settings ask for: more are like those that run, and
   * those that go drain. Nothing where nothing is live.
   */
  scale(id: EnvironmentId): Promise<{ added: number; taken: number }>;
  /** The desired set of a host may have changed. */
  onDesired(hostId: HostId, listener: () => void): Unsubscribe;

  /** By the runner. */
  observe(instance: ObservedInstance): Promise<void>;
  forget(hostId: HostId, id: InstanceId): Promise<void>;
  observed(id: DeploymentId): Promise<ObservedInstance[]>;
  observedOnHost(id: HostId): Promise<ObservedInstance[]>;
  onObserved(listener: (instance: { id: InstanceId; deploymentId: DeploymentId }) => void): Unsubscribe;
}

export interface OneOffRecords {
  /** Under the lease; the first one of a deployment wins and is answered. Null: lease lost. */
  desire(lease: Lease, oneOff: OneOff): Promise<OneOff | null>;
  get(id: OneOffId): Promise<OneOff | null>;
  ofHost(id: HostId): Promise<OneOff[]>;
  /** By the runner: writes the state when it is a step forward (wanted → running → exited or unknown), answers whether it was. */
  advance(oneOff: OneOff): Promise<boolean>;
  /** Withdraws one that has not started. Answers its state afterwards. */
  withdraw(id: OneOffId): Promise<OneOff['state'] | null>;
  remove(id: OneOffId): Promise<void>;
  onDesired(hostId: HostId, listener: () => void): Unsubscribe;
  onAdvance(listener: (id: OneOffId) => void): Unsubscribe;
}

export interface RoutingRecords {
  /** Routes and endpoints as they are now, in one transaction. */
  table(): Promise<RoutingTable>;
  route(id: EnvironmentId): Promise<Route | null>;
  /** A hint that the table may have changed; also after a Redis reconnect. */
  onChange(listener: () => void): Unsubscribe;
  /**
   * Takes the instances away and leaves a route that says so, until a deployment that is accepted later moves it. Those that were accepted
   * before do not go live any more.
   */
  stop(id: EnvironmentId): Promise<'stopped' | 'nothing-live'>;
  /** By the runner. Of an instance that has to drain nothing is put. */
  putEndpoint(endpoint: Endpoint): Promise<void>;
  removeEndpoint(id: InstanceId): Promise<void>;
  /**
   * By a router, after it has put a table to use: the route ids it serves now, and the requests still in flight at instances that its
   * table does not serve any more (an instance that is absent has none).
   */
  acknowledge(
    processId: ProcessId,
    report: { routes: ReadonlyMap<EnvironmentId, RouteId>; inFlight: ReadonlyMap<InstanceId, number> },
  ): Promise<void>;
  /** `pending`: alive routers that have not acknowledged. `alive` counts all alive routers. */
  acknowledgement(environmentId: EnvironmentId, routeId: RouteId): Promise<{ alive: number; pending: ProcessId[] }>;
  onAcknowledge(listener: () => void): Unsubscribe;
  /** Takes a router for gone until its next beat, so that nobody waits for its acknowledgement. */
  fence(processId: ProcessId): Promise<void>;
  /**
   * Requests in flight at an instance over all routers. `unsure`: a router has vanished without a goodbye or has not yet acknowledged
   * the environment's current route, so zero does not mean idle.
   */
  inFlight(instance: { id: InstanceId; environmentId: EnvironmentId }): Promise<{ count: number; unsure: boolean }>;
}

export interface ProcessRecords {
  /** Says that the process is alive, again every `LIMITS.processBeatMs`, until `leave()`, which says goodbye. */
  join(process: Omit<ProcessRecord, 'v' | 'beatAt'>): Promise<{ leave(): Promise<void> }>;
  alive(kind?: ProcessKind): Promise<ProcessRecord[]>;
}

export interface WebhookRecords {
  /** Which of an app's webhook secrets counts; 0 before the first. Null: there is no such app. */
  generation(id: AppId): Promise<number | null>;
  /** Makes a new secret count and the one before not; answers its generation. Rejects with `app-not-found`. */
  renew(id: AppId): Promise<number>;
  /** Puts a delivery on the app's list, which keeps `LIMITS.keptDeliveries` for `LIMITS.deliveryListMs`. */
  keep(id: AppId, delivery: Omit<Delivery, 'v' | 'at'>): Promise<void>;
  /** Newest first. */
  deliveries(id: AppId): Promise<Delivery[]>;
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

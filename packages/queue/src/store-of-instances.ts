import type {
  DeploymentId,
  DesiredInstance,
  Endpoint,
  EnvironmentId,
  HostId,
  InstanceId,
  ObservedInstance,
  OneOff,
  OneOffId,
  ProcessId,
  ProcessKind,
  ProcessOrder,
  ProcessRecord,
  Route,
  RouteId,
  RoutingTable,
} from '@switchyard/domain';
import type { Lease, Unsubscribe } from './store.ts';

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
  /** On whichever host. */
  ofDeployment(id: DeploymentId): Promise<OneOff | null>;
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
  /**
   * Says that the process is alive, again every `LIMITS.processBeatMs` and at `say()`, until `leave()`, which says goodbye. With every
   * beat it says what `report` answers and hears what it has been told: an order may be heard again and again.
   */
  join(
    process: Omit<ProcessRecord, 'v' | 'beatAt' | 'state' | 'inHand'>,
    life?: {
      readonly report?: () => Pick<ProcessRecord, 'state' | 'inHand'>;
      readonly onOrder?: (order: ProcessOrder) => void;
    },
  ): Promise<{ say(): void; leave(): Promise<void> }>;
  alive(kind?: ProcessKind): Promise<ProcessRecord[]>;
  /** Leaves an order, which the process hears at once, or with its next beat. Answers its record; null where none of this id is alive. */
  tell(id: ProcessId, order: ProcessOrder): Promise<ProcessRecord | null>;
  /** Whether this process is the one that does the task until `termMs` from now. Asked again in time, it stays the one. */
  lead(task: 'heads', processId: ProcessId, termMs: number): Promise<boolean>;
  /** Gives up all that it leads, the sweep included, so that another goes on at its next look. */
  resign(processId: ProcessId): Promise<void>;
}

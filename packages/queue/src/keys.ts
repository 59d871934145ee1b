import type {
  AppId,
  DeploymentId,
  EnvironmentId,
  HostId,
  OneOffId,
  ProcessId,
  ProcessKind,
  ReleaseId,
  TeamId,
} from '@switchyard/domain';

/**
 * Every key and channel, in one place. The Lua scripts build the same names from the same prefix (see lua/prelude.ts): one Redis, no
 * cluster, so a script may touch keys it was not given.
 */
export function keysFor(prefix: string) {
  const base = `${prefix}:`;
  return {
    base,
    bullPrefix: `${prefix}:bull`,
    farm: `${base}farm`,
    /** Hash: name → team id. */
    teamNames: `${base}team-names`,
    /** Hash {doc, tokenHash, tokenAt, slots, unfinished}; the last two where the team has limits of its own. */
    team: (id: TeamId) => `${base}team:${id}`,
    /** Hash: SHA-256 of a token → team id. */
    teamTokens: `${base}team-tokens`,
    /** Sorted by time; the newest `LIMITS.recentDeploymentsPerTeam`, some of which may be forgotten. */
    recentDeploymentsOf: (id: TeamId) => `${base}deps-recent-of:${id}`,
    /** Hash {slots, slotsPerTeam, slotsPerApp, unfinished, unfinishedPerTeam, unfinishedPerApp}; what is not there is at its default. */
    limits: `${base}limits`,
    /** Hash: name → app id. */
    appNames: `${base}app-names`,
    /** Hash {doc, counter, deleting, webhookGeneration, sourceCredential, settings, settingsVersion, settingsAt, replicas, variablesVersion, slots, unfinished}. */
    app: (id: AppId) => `${base}app:${id}`,
    /** List of webhook deliveries, newest first. The ids of accepted ones are keys of their own, see lua/accept.ts. */
    deliveriesOf: (id: AppId) => `${base}deliveries-of:${id}`,
    /** Hash {fingerprint, owner, startedAt, answer}; `key` is a hash of what the client sent. */
    idempotency: (key: string) => `${base}idempotency:${key}`,
    /** Hash: upload id → Upload. */
    uploadsOf: (id: AppId) => `${base}uploads-of:${id}`,
    /** Sorted by when something was last deployed from them. */
    usedUploadsOf: (id: AppId) => `${base}used-uploads-of:${id}`,
    /** Hash: SSH host → KnownHost. */
    knownHosts: `${base}known-hosts`,
    deletingApps: `${base}deleting-apps`,
    /** Hash {doc, gateHolder, hold, heldDatabases, variablesVersion, outputSequence, outputArchived, outputUnarchivedBytes}. */
    environment: (id: EnvironmentId) => `${base}env:${id}`,
    /** Hash: name → SealedVariable. Of an environment, or of all previews of an app. */
    variables: (id: EnvironmentId | AppId) => `${base}variables:${id}`,
    /** List of VariableVersions, newest first, over all names. */
    variableVersions: (id: EnvironmentId | AppId) => `${base}variable-versions:${id}`,
    /** Hash: host → Domain, over all apps. */
    domains: `${base}domains`,
    /** Set of hosts. */
    domainsOf: (id: EnvironmentId) => `${base}domains-of:${id}`,
    /** Hash: verified host → environment id; part of the routing table. */
    servedHosts: `${base}served-hosts`,
    environmentsOf: (id: AppId) => `${base}envs-of:${id}`,
    /** Hash; see deployment-record.ts. */
    deployment: (id: DeploymentId) => `${base}dep:${id}`,
    /** Sorted by number. */
    deploymentsOf: (id: AppId) => `${base}deps-of:${id}`,
    /** Sorted by time. */
    recentDeployments: `${base}deps-recent`,
    unfinished: `${base}unfinished`,
    unfinishedOf: (id: EnvironmentId) => `${base}unfinished-of:${id}`,
    unfinishedOfApp: (id: AppId) => `${base}unfinished-of-app:${id}`,
    events: (id: DeploymentId) => `${base}events:${id}`,
    logs: (id: DeploymentId) => `${base}logs:${id}`,
    /** Stream of OutputEvents: the live tail of what an environment's instances print. */
    output: (id: EnvironmentId) => `${base}output:${id}`,
    outputChannel: (id: EnvironmentId) => `${base}output:${id}`,
    /** Sorted by bytes: environments with a live tail. `outputBytes` is the sum. */
    outputSizes: `${base}output-sizes`,
    outputBytes: `${base}output-bytes`,
    /** Hash: instance id → OutputCursor, how far a host's runner has come. */
    outputCursors: (id: HostId) => `${base}output-cursors:${id}`,
    outbox: `${base}outbox`,
    leases: `${base}leases`,
    due: `${base}due`,
    admitted: `${base}admitted`,
    /** The deployment that does a piece of work, and in `claim-waiters:` those that wait for its result; see lua/claims.ts. */
    claim: (work: string) => `${base}claim:${work}`,
    /** Sorted by turn: deployments that migrate, or want to; and `database-hold:`, the Hold on one. See lua/database-lock.ts. */
    databaseLine: (name: string) => `${base}database-line:${name}`,
    slotsOfFarm: `${base}slots:farm`,
    pinSlotsOfFarm: `${base}pin-slots:farm`,
    leader: (task: string) => `${base}leader:${task}`,
    sweepLeader: `${base}sweep-leader`,
    cancelChannel: `${base}cancel`,
    /** Hash: host id → DiskUse. */
    disks: `${base}disks`,
    diskLeader: (id: HostId) => `${base}disk-leader:${id}`,
    release: (id: ReleaseId) => `${base}release:${id}`,
    /** Sorted by when they were last live. */
    releasesOf: (id: EnvironmentId) => `${base}releases-of:${id}`,
    /** Set of instance ids. */
    instancesOf: (id: DeploymentId) => `${base}instances-of:${id}`,
    instancesOfEnvironment: (id: EnvironmentId) => `${base}instances-of-env:${id}`,
    /** Hash: instance id → DesiredInstance, over all hosts. */
    desired: `${base}desired`,
    desiredOfHost: (id: HostId) => `${base}desired-of:${id}`,
    desiredChannel: (id: HostId) => `${base}desired-of:${id}`,
    /** Hash: instance id → time until which it may drain. */
    drains: `${base}drains`,
    observed: `${base}observed`,
    observedOf: (id: DeploymentId) => `${base}observed-of-dep:${id}`,
    observedOfHost: (id: HostId) => `${base}observed-of:${id}`,
    observedChannel: `${base}observed`,
    oneOff: (id: OneOffId) => `${base}one-off:${id}`,
    oneOffOf: (id: DeploymentId) => `${base}one-off-of:${id}`,
    oneOffsOfHost: (id: HostId) => `${base}one-offs-of:${id}`,
    oneOffChannel: `${base}one-off`,
    /** Hash: environment id → Route. */
    routes: `${base}routes`,
    /** Hash: instance id → Endpoint. */
    endpoints: `${base}endpoints`,
    tableVersion: `${base}table-version`,
    tableChannel: `${base}table`,
    acknowledged: (id: ProcessId) => `${base}acknowledged:${id}`,
    inFlight: (id: ProcessId) => `${base}in-flight:${id}`,
    acknowledgeChannel: `${base}acknowledged`,
    /** Sorted by the last beat. */
    processes: (kind: ProcessKind) => `${base}processes:${kind}`,
    process: (id: ProcessId) => `${base}process:${id}`,
    /** Hash: order → ProcessOrder; the strongest is obeyed. */
    processOrders: (id: ProcessId) => `${base}process-orders:${id}`,
    processOrderChannel: `${base}process-orders`,
    eventsChannel: (id: DeploymentId) => `${base}events:${id}`,
  } as const;
}

export type Keys = ReturnType<typeof keysFor>;

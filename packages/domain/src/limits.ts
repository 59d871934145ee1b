/**
 * Every limit of the system, with what happens at the bound. Relations between them are asserted when the module loads: a limit that
 * is changed without its neighbours stops the process at start instead of surprising somebody at night.
 */
export const LIMITS = {
  // The chain
  /** A worker that does not beat for this long has lost its stage: another takes it over. */
  leaseMs: 15_000,
  /** How often a worker extends its lease. */
  beatMs: 5_000,
  /** How often one worker empties the outbox, wakes expired leases and looks for leftovers. */
  sweepMs: 5_000,
  /** Lost workers in one stage before the deployment fails as the platform's fault. */
  maxLostWorkersPerStage: 5,
  /**
   * How long a process that drains lets go on what it has in hand, where SWITCHYARD_DRAIN_DEADLINE_S is not set; then a worker hands its
   * stages back, a router and an api cut what is open, and a runner leaves the starts that are under way.
   */
  drainDeadlineMs: { worker: 200, runner: 10_000, router: 10_000, api: 4_000 },
  /** The longest that anybody may ask for. */
  maxDrainDeadlineMs: 86_400_000,
  /** How often every process reports that it is alive. */
  processBeatMs: 2_000,
  /** Silence after which a process counts as gone. */
  processGoneMs: 8_000,

  // Admission: stage jobs in flight at once. At the bound work waits, with `slot` as the reason. These hold until the operator says
  // otherwise (docs/teams.md); an app's, for it, its team.
  slotsPerFarm: 64,
  slotsPerTeam: 32,
  slotsPerApp: 4,
  /** Commits that are being looked up at once; they take no other slot. Beyond it the next one waits its turn. */
  pinSlots: { farm: 32, team: 16, app: 4 },
  /** Accepted and unfinished deployments of an app; one more is refused with 429. */
  maxUnfinishedPerApp: 50,
  /** Of a team's; one more is refused with 429. Half of the farm's: one team leaves room for the others. */
  maxUnfinishedPerTeam: 1_000,
  /** Accepted and unfinished deployments of the farm; one more is refused with 429. */
  maxUnfinishedPerFarm: 2_000,
  /** The most that an operator or a team may set for any of these; more is refused with 400. */
  maxSlots: 1_000,
  maxUnfinished: 10_000,
  /** Apps in a farm; one more is refused with 409. */
  maxApps: 1_000,
  /** Teams in a farm; one more is refused with 409. Admission looks at each that waits. */
  maxTeams: 100,
  /** The newest deployments of a team that its list is made of. */
  recentDeploymentsPerTeam: 1_000,
  /** Ended deployments that an estimate of a wait is made of. */
  estimateDeployments: 20,

  // Stages: at the limit the command is ended, group and all, and the deployment is `timed_out`.
  stageTimeLimitMs: {
    source: 600_000,
    environment: 600_000,
    install: 1_200_000,
    build: 1_800_000,
    migrate: 1_800_000,
    package: 600_000,
    health: 120_000,
    switch: 60_000,
    cleanup: 120_000,
  },
  /** Attempts per stage for transient faults; the last one fails the deployment. */
  stageAttempts: {
    source: 4,
    environment: 4,
    install: 4,
    build: 2,
    migrate: 1,
    package: 4,
    health: 1,
    switch: 4,
    cleanup: 4,
  },
  retryBaseDelayMs: 500,
  retryMaxDelayMs: 20_000,
  /** From SIGTERM to SIGKILL for a stage's command on cancel and time-out. */
  commandGraceMs: 2_000,
  /** The same for a migration that somebody ends by force: time to take back its transaction. */
  migrationGraceMs: 10_000,

  // Health and traffic
  healthIntervalMs: 25,
  healthMaxIntervalMs: 500,
  healthProbeTimeoutMs: 5_000,
  /** New instances that do not answer well within this time fail the health stage. */
  healthTimeLimitMs: 60_000,
  /** The most that an app may ask for instead. */
  maxHealthTimeLimitMs: 100_000,
  /** Less than this no app can meet: a process has to be made, and looked at. */
  minHealthTimeLimitMs: 1_000,
  /** Instances of an app's live release; more are refused with 400. */
  maxReplicas: 10,
  /** A live route is acknowledged by all routers within this time, or the slow one is fenced. */
  routeAckTimeoutMs: 10_000,
  /** In-flight requests of a replaced instance may go on for this long; then it is stopped. */
  drainTimeoutMs: 30_000,
  /** How long the cleanup stage itself watches a drain before it leaves the rest to the runner. */
  cleanupDrainWatchMs: 5_000,
  /** From SIGTERM to SIGKILL for an instance. */
  instanceGraceMs: 10_000,
  restartBaseDelayMs: 200,
  restartMaxDelayMs: 30_000,
  /** An instance that stayed up this long starts its backoff from the beginning. */
  restartResetMs: 60_000,
  /** A port rests this long after its instance is gone: longer than a router may live on an old table. */
  portQuarantineMs: 60_000,
  portRange: { first: 20_000, last: 29_999 },
  /** Requests of visitors: headers beyond this are refused with 431. */
  maxRequestHeaderBytes: 64 * 1024,
  /** A visitor's request whose instance sends nothing for this long gets 504. */
  requestIdleTimeoutMs: 300_000,

  // Logs and events
  /** A batch of log lines is sent after this time or this many bytes, whichever comes first. */
  logFlushMs: 100,
  logBatchBytes: 16 * 1024,
  /** A longer line is cut, with a mark. */
  maxLogLineBytes: 16 * 1024,
  /** Output of one attempt; the middle goes first, with a mark. */
  maxLogBytesPerAttempt: 8 * 1024 * 1024,
  /** A chunk of log is cut to blobs at this size. */
  logChunkBytes: 64 * 1024,
  /** Log entries of one deployment that Redis keeps as a live tail; older ones are read from blobs. */
  maxLiveLogEntries: 500,
  /** What a diagnosis reads: the first and the last bytes of a stage's output. */
  diagnosisHeadBytes: 256 * 1024,
  diagnosisTailBytes: 768 * 1024,
  /** Messages of errors, notes of stages and texts of a diagnosis, which may quote what the user wrote; the middle goes, with a mark. */
  maxErrorMessageBytes: 4 * 1024,
  /** Output of an instance kept on disk; at the bound the oldest half goes. */
  maxInstanceLogBytes: 10 * 1024 * 1024,

  // What live instances print
  /**
   * Bytes of an instance's output that are kept a second, after the first `outputBurstBytes`; whole lines beyond are left out, with a mark
   * that counts them.
   */
  outputBytesPerSecond: 64 * 1024,
  outputBurstBytes: 1024 * 1024,
  /** The last bytes before an instance's end are kept whatever came before. */
  outputLastBytes: 64 * 1024,
  /** How often output is looked for: where there was some lately, and where there was none. */
  outputPollMs: 200,
  outputIdlePollMs: 1_000,
  /** Output of ended instances that waits for Redis in the runner's memory, per instance; beyond it the oldest goes, with a mark. */
  maxOutputBacklogBytes: 1024 * 1024,
  /** Output that Redis keeps as a live tail, of an environment and of the farm; the oldest goes, of whoever has most. It is in blobs. */
  maxLiveOutputBytesPerEnvironment: 1024 * 1024,
  maxLiveOutputBytes: 64 * 1024 * 1024,
  /** A chunk of output is cut to blobs at this size. */
  outputChunkBytes: 32 * 1024,
  /** Output in blobs, per environment: the oldest goes when it is more, or older. */
  keptOutputBytes: 64 * 1024 * 1024,
  keptOutputMs: 7 * 86_400_000,
  /** Lines that a request for the last lines gets when it names no number, and at most. */
  outputTailLines: 1_000,
  maxOutputTailLines: 10_000,

  /** Unsent bytes to one event reader; one that is further behind is cut and may resume. */
  maxReaderBacklogBytes: 1024 * 1024,
  /** A reader that takes nothing off the connection for this long is cut and may resume. */
  readerStallTimeoutMs: 30_000,
  /** An event stream is never silent for longer, so that a dead connection is noticed on both sides. */
  readerHeartbeatMs: 15_000,

  // What commands and apps may use, unless the app or the operator says otherwise (docs/limits.md). Beyond its memory a process is killed
  // and the end says so; beyond the processes a fork fails, beyond the files an open; beyond the processor time it waits.
  /** Each command of install, build and migrate. */
  buildResources: { memoryBytes: 4 * 1024 ** 3, cpus: null, processes: 4_096, openFiles: 65_536 },
  /** Each instance. */
  runResources: { memoryBytes: 2 * 1024 ** 3, cpus: null, processes: 1_024, openFiles: 65_536 },
  /** The most that an app may ask for; more is refused in `switchyard.json`. The operator may set less. */
  maxResources: { memoryBytes: 1024 ** 4, cpus: 1_024, processes: 65_536, openFiles: 1_048_576 },
  /** How often memory is looked at where the kernel does not hold it: a process may go beyond its limit for so long. */
  memoryLookMs: 500,

  // Containers of the docker platform.
  /** HOME and the temporary directory, each; held in memory and counted as the container's. */
  containerTemporaryBytes: 1024 ** 3,

  // Trees of the local platform
  /** Layers of a snapshot; one more makes a single one of all, by a copy. The options of a mount have one page. */
  maxSnapshotLayers: 32,
  /** User ids for apps, one each and never given again; nothing else on Linux gives out ids here. When all are taken a start is refused. */
  appUserIds: { first: 1_900_000_000, last: 1_900_009_999 },
  /** Directories that an app keeps over deployments; one more is refused, and the deployment fails in environment. */
  maxPersistPaths: 10,
  maxPersistPathLength: 255,

  // Input
  maxJsonBodyBytes: 256 * 1024,
  /**
   * A webhook's body; a larger one is refused with 413. GitHub lists up to 2,048 commits of a push, GitLab and Gitea some twenty.
   */
  maxWebhookBodyBytes: 4 * 1024 * 1024,
  maxNameLength: 40,
  maxRepositoryLength: 2_048,
  maxRefLength: 255,
  /** A token for a private repository; a longer one is refused with 400. */
  maxSourceTokenLength: 2_048,
  /** A repository whose first fetch grows beyond this is fetched anew without its history's file contents (`--filter=blob:none`). */
  wholeRepositoryBytes: 256 * 1024 ** 2,
  /** A repository on disk, all files of one commit, and its files of Git LFS; beyond it the deployment fails with `source-too-large`. */
  maxRepositoryBytes: 4 * 1024 ** 3,
  /** The list of a commit's files, some 150 bytes each; beyond it the deployment fails with `source-too-large`. */
  maxTreeListBytes: 128 * 1024 ** 2,
  /** Submodules of a commit, all levels together, and levels; beyond either the deployment fails with `submodule-refused`. */
  maxSubmodules: 50,
  maxSubmoduleDepth: 5,
  /** SSH hosts whose keys the farm keeps; the first meeting with one more fails. */
  maxKnownHosts: 1_000,
  maxListPage: 100,
  /** A host's name, as DNS has it. */
  maxHostLength: 253,
  /** Hosts of an environment beside its own; one more is refused with 409. */
  maxDomains: 50,
  /** A host that was added and not verified for this long may be added to another app. */
  unverifiedDomainMs: 7 * 86_400_000,
  /** The DNS has this long for an answer, and is asked again once; then verification fails with 503. */
  dnsTimeoutMs: 3_000,
  /** The file that proves a host; a larger one proves nothing. */
  maxVerificationFileBytes: 1_024,
  /** From its name to the end of that file; what takes longer proves nothing. */
  verificationFileTimeoutMs: 10_000,
  /** Hosts that one api asks for their file at once; one more is told to try again. */
  maxVerificationFilesAtOnce: 8,
  /** Questions a second whether a host is ours, over all askers; more are answered with 429. */
  tlsAsksPerSecond: 100,
  /** Variables of an environment; one more is refused with 409. */
  maxVariables: 100,
  /** A variable's value, as UTF-8; a longer one is refused with 400. */
  maxVariableBytes: 16 * 1024,
  /** Changes of the variables of an environment that are listed, those of all names together; the oldest are forgotten. */
  maxVariableVersions: 1_000,
  /** Linux takes arguments and environment of a command together up to 2 MiB (a quarter of the usual stack limit). */
  maxEnvironmentBytes: 2 * 1024 * 1024,
  /**
   * Files that detection reads; a larger one is treated as absent, with a note in the plan. Lockfiles of large workspaces have several
   * megabytes, and the wrong major of a package manager refuses them.
   */
  maxDetectFileBytes: 16 * 1024 * 1024,

  // Disk: what the data directory keeps of snapshots, downloads, toolchains and mirrors. At the bound the longest unused goes.
  /** Of the disk, where SWITCHYARD_DISK_BUDGET is not set. */
  diskBudgetShare: 0.5,
  /** Of the disk, but at most that many bytes, where SWITCHYARD_DISK_RESERVE is not set; an install or build that would leave less waits. */
  diskReserveShare: 0.05,
  maxDiskReserveBytes: 2 * 1024 ** 3,
  /** How often one worker of a host looks. */
  diskSweepMs: 60_000,
  /** What was used within this time stays: longer than from finding something to writing down that it is in use. */
  diskRestMs: 600_000,
  /** What one look may evict. */
  maxEvictions: 20,
  /** An install or build is expected to write at least this much. */
  leastResultBytes: 64 * 1024 ** 2,
  /** With this much free above the reserve nobody looks up what the last one took. */
  ampleDiskBytes: 32 * 1024 ** 3,
  // Heads of branches, looked at in case a webhook was missed
  /** Repositories asked at once. */
  headChecksAtOnce: 4,
  /** One that does not answer within this time has failed. */
  headCheckTimeoutMs: 30_000,
  /** One that fails is asked half as often each time, and at least this often. */
  headCheckMaxIntervalMs: 3_600_000,
  /** How often it is seen which repositories are due. */
  headCheckTickMs: 1_000,

  // Uploads. What is over a bound is refused with 413 (the body itself) or 422 (what is in it), and nothing of it is kept.
  /** An archive as it is sent. */
  maxUploadBytes: 256 * 1024 * 1024,
  /** An archive unpacked, headers and padding included. */
  maxUnpackedBytes: 1024 ** 3,
  /** Bytes unpacked per byte sent, once `unpackedRatioFromBytes` are unpacked; text compresses to a tenth, zeros to a thousandth. */
  maxUnpackedRatio: 200,
  unpackedRatioFromBytes: 16 * 1024 * 1024,
  /** Files, links and directories of an archive. */
  maxUploadEntries: 50_000,
  maxUploadPathBytes: 1_024,
  maxUploadNameBytes: 255,
  /** Directories above a file. */
  maxUploadDepth: 64,
  /** Symbolic links followed from one to the next. */
  maxUploadLinks: 40,
  /** Uploads that one api takes at once; one more is refused with 429. */
  maxUploadsUnderWay: 8,
  /** A sender that is silent for this long is cut. */
  uploadIdleTimeoutMs: 60_000,

  // Retention
  /** Uploads per app that stay although no unfinished deployment needs them; the oldest go first. */
  keptUploads: 5,
  /** An upload that nothing was deployed from goes after this time. */
  unusedUploadMs: 86_400_000,
  /** Bytes of an upload that no record names (an api died before it wrote one) go after this time. */
  lostUploadMs: 3_600_000,
  /** How often one worker looks for uploads that may go. */
  uploadSweepMs: 60_000,
  /** Releases that were live and stay ready for rollback, per environment. */
  keptReleases: 5,
  /** The most that an app may ask for instead. */
  maxKeptReleases: 50,
  /** Releases of an environment that somebody may pin besides; one more is refused with 409. */
  maxPinnedReleases: 10,
  /** Deployments of an app whose records and logs stay; older ones go once they are past `keptDeploymentsMs` too. */
  keptDeployments: 100,
  maxKeptDeployments: 1_000,
  keptDeploymentsMs: 30 * 86_400_000,
  maxKeptDeploymentsMs: 365 * 86_400_000,
  /** A request's `Idempotency-Key` answers a repeated request for this long. */
  idempotencyMemoryMs: 86_400_000,
  /** A request that has not answered within this time has died with its api; the next one with its key may go on. */
  idempotencyLockMs: 30_000,
  maxIdempotencyKeyLength: 255,
  /** A larger answer is not kept; what it accepted is still known again. */
  maxKeptAnswerBytes: 262_144,
  /** A delivery that set off a deployment is known again for this long; providers repeat one for some days. */
  deliveryMemoryMs: 7 * 86_400_000,
  /** Webhook deliveries listed per app; the oldest goes first. */
  keptDeliveries: 100,
  /** A delivery leaves the list after this time. */
  deliveryListMs: 30 * 86_400_000,
  /** What one sweep may remove of things that no record names. */
  maxSweepRemovals: 5,
} as const;

function assertRelation(holds: boolean, relation: string): void {
  if (!holds) throw new Error(`limits.ts: ${relation} does not hold`);
}

assertRelation(LIMITS.beatMs * 3 <= LIMITS.leaseMs, 'beatMs * 3 <= leaseMs');
assertRelation(LIMITS.leaseMs + LIMITS.sweepMs <= 20_000, 'leaseMs + sweepMs <= 20 s (takeover)');
assertRelation(LIMITS.processBeatMs * 3 < LIMITS.processGoneMs, 'processBeatMs * 3 < processGoneMs');
// The rest is for ending what runs, handing it back and beginning it elsewhere.
assertRelation(
  LIMITS.drainDeadlineMs.worker * 5 <= 2_000,
  'drainDeadlineMs.worker * 5 <= 2 s (takeover after SIGTERM)',
);
assertRelation(
  Object.values(LIMITS.drainDeadlineMs).every((deadlineMs) => deadlineMs <= LIMITS.drainTimeoutMs),
  'drainDeadlineMs <= drainTimeoutMs: nobody waits for visitors longer than an instance does',
);
assertRelation(LIMITS.slotsPerApp <= LIMITS.slotsPerTeam, 'slotsPerApp <= slotsPerTeam');
assertRelation(LIMITS.slotsPerTeam <= LIMITS.slotsPerFarm, 'slotsPerTeam <= slotsPerFarm');
assertRelation(LIMITS.slotsPerFarm <= LIMITS.maxSlots, 'slotsPerFarm <= maxSlots');
assertRelation(
  LIMITS.maxUnfinishedPerApp <= LIMITS.maxUnfinishedPerTeam &&
    LIMITS.maxUnfinishedPerTeam * 2 <= LIMITS.maxUnfinishedPerFarm,
  'maxUnfinishedPerApp <= maxUnfinishedPerTeam, two of which fit into maxUnfinishedPerFarm',
);
assertRelation(LIMITS.maxUnfinishedPerFarm <= LIMITS.maxUnfinished, 'maxUnfinishedPerFarm <= maxUnfinished');
assertRelation(LIMITS.maxListPage <= LIMITS.recentDeploymentsPerTeam, 'maxListPage <= recentDeploymentsPerTeam');
assertRelation(
  LIMITS.healthTimeLimitMs < LIMITS.stageTimeLimitMs.health,
  'healthTimeLimitMs < stageTimeLimitMs.health',
);
assertRelation(
  LIMITS.healthTimeLimitMs <= LIMITS.maxHealthTimeLimitMs &&
    LIMITS.maxHealthTimeLimitMs < LIMITS.stageTimeLimitMs.health,
  'healthTimeLimitMs <= maxHealthTimeLimitMs < stageTimeLimitMs.health',
);
assertRelation(
  LIMITS.cleanupDrainWatchMs < LIMITS.stageTimeLimitMs.cleanup,
  'cleanupDrainWatchMs < stageTimeLimitMs.cleanup',
);
assertRelation(LIMITS.leaseMs * 2 < LIMITS.diskRestMs, 'leaseMs * 2 < diskRestMs');
assertRelation(LIMITS.leastResultBytes <= LIMITS.ampleDiskBytes, 'leastResultBytes <= ampleDiskBytes');
assertRelation(LIMITS.drainTimeoutMs < LIMITS.portQuarantineMs, 'drainTimeoutMs < portQuarantineMs');
assertRelation(LIMITS.maxUploadBytes <= LIMITS.maxUnpackedBytes, 'maxUploadBytes <= maxUnpackedBytes');
assertRelation(LIMITS.uploadIdleTimeoutMs < LIMITS.lostUploadMs, 'uploadIdleTimeoutMs < lostUploadMs');
assertRelation(LIMITS.logBatchBytes <= LIMITS.logChunkBytes, 'logBatchBytes <= logChunkBytes');
assertRelation(
  LIMITS.maxVariables * (LIMITS.maxVariableBytes + 256) < LIMITS.maxEnvironmentBytes - 256 * 1024,
  'maxVariables * (maxVariableBytes + name) leaves 256 KiB of maxEnvironmentBytes to the command',
);
assertRelation(
  LIMITS.maxApps * (LIMITS.outputChunkBytes + LIMITS.logBatchBytes) <= LIMITS.maxLiveOutputBytes,
  'maxApps * (outputChunkBytes + logBatchBytes) <= maxLiveOutputBytes: what goes from Redis is in blobs',
);
assertRelation(
  LIMITS.outputChunkBytes * 4 <= LIMITS.maxLiveOutputBytesPerEnvironment,
  'outputChunkBytes * 4 <= maxLiveOutputBytesPerEnvironment',
);

import type {
  AppId,
  ArchiveEntry,
  Commit,
  EnvironmentId,
  HostId,
  InstanceId,
  MemoryUse,
  OneOffId,
  Plan,
  ResourceLimits,
  SnapshotRef,
  SourceCredential,
  StageName,
  TeamId,
  UploadId,
} from '@switchyard/domain';
import type { PrivateHosts } from './network/egress.ts';

/**
 * Where work runs and releases live.
 *
 *     snapshot  --run(command)-->  snapshot            source, install, build           (workers)
 *     release   --start-->         instance → stop     migrate, health, cleanup         (runner)
 *
 * Two halves, used by two processes of the same host. Neither half knows Redis: what is desired comes in as arguments, what is observed
 * goes out as answers.
 *
 * Order of calls, worker side: `importTree` and `run` make snapshots, `find` looks one up by its key, `discardAttempt` follows every
 * attempt (also of a dead worker, by whoever takes over, before the next attempt starts). Runner side: `start…` → `list` … → `stop` →
 * `remove`; `list` after a restart of the runner finds everything again.
 *
 * At the same time: any number of calls with different keys, attempts or ids. Two `run`s that publish the same key may race; the first
 * rename wins and both answer with the winner's snapshot.
 *
 * Twice: `find`, `discardAttempt`, `stop`, `remove`, `removeSnapshot`, `list` are safe to call again; `startInstance` and `startOneOff`
 * with an id that exists answer without starting a second one.
 *
 * Never: a snapshot changes after it is published; a failed or aborted `run` leaves a snapshot behind; a process of a `run` outlives
 * the promise it returned (not even a double fork) or the process that called it.
 *
 * Errors: `engine-unavailable`, `engine-refused`, `disk-full`, `snapshot-missing`, `toolchain-unavailable`. A command that exits
 * non-zero is no error: it is an answer.
 */
export interface Platform {
  readonly kind: 'local' | 'docker' | 'fake';
  readonly worker: WorkerPlatform;
  readonly runner: RunnerPlatform;
  /** Rejects with what is missing on this host (engine, commands), once, at start. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Names an attempt: its workspaces carry it, so that a worker whose lease is gone can't meet its successor's files. */
export interface AttemptRef {
  /** Whose work it is: on `local`, an app's commands can't reach another app's files. */
  readonly appId: AppId;
  readonly deploymentId: string;
  readonly stage: StageName;
  readonly token: number;
}

/** One layer of what a command sees; later layers lie over earlier ones. */
export interface Layer {
  readonly snapshot: SnapshotRef;
  /** Only these paths (files, or directories ending in `/`) of it; absent ones are no error. */
  readonly only?: readonly string[];
}

/**
 * Whose downloads of package managers commands find and leave: a team's own, so that what one team's build puts there never reaches
 * another's. Code that is not trusted (a fork's) leaves nothing: what it writes goes with its run.
 */
export interface DownloadScope {
  readonly teamId: TeamId;
  readonly trusted: boolean;
}

export interface RunRequest {
  readonly attempt: AttemptRef;
  readonly layers: readonly Layer[];
  /** The snapshot's name when all commands succeed; null: nothing is kept. */
  readonly publish: string | null;
  /** Run in turn with `sh -c`; the first that fails ends the run. */
  readonly commands: readonly string[];
  /** Directory inside the tree. */
  readonly root: string;
  /**
   * The whole environment of the commands but for PATH, HOME and TMPDIR, which the platform sets, the certificates and proxies of
   * `PlatformOptions`, and what keeps tools from looking for a project above the tree. May hold secrets: never argv, never kept.
   */
  readonly env: Readonly<Record<string, string>>;
  readonly toolchain: Toolchain;
  readonly downloads: DownloadScope;
  readonly timeLimitMs: number;
  /** Of all processes of the run together, but for open files, which each may have. */
  readonly limits: ResourceLimits;
  /** Ends the run: SIGTERM to all its processes, SIGKILL after `LIMITS.commandGraceMs`. */
  readonly signal: AbortSignal;
  /** Output as it comes, stdout and stderr in the order in which they were written. */
  readonly onOutput: (chunk: Buffer) => void;
}

/** How a command ended. 128 + n, which a shell answers for a command that signal n ended, counts as that signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export type RunEnd =
  | { readonly end: 'succeeded'; readonly snapshot: SnapshotRef | null }
  | { readonly end: 'failed'; readonly exit: Exit; readonly command: string }
  | { readonly end: 'timed-out' }
  | { readonly end: 'aborted' };

/** What was seen of the memory that something took. `outOfMemory`: a process of it was killed at the memory limit. */
export type MemorySeen = Readonly<Pick<MemoryUse, 'peakMemoryBytes' | 'outOfMemory'>>;

/** `aborted` and `timed-out` are answered only when every process of the run is gone. */
export type RunAnswer = RunEnd & MemorySeen;

/** Runtime and package manager as the plan wants them. Resolved, fetched and kept by the platform. */
export type Toolchain = Pick<Plan, 'runtime' | 'packageManager'>;

/** What a toolchain came to on this host or in this image; part of every cache key. */
export interface ResolvedToolchain {
  /** `node 24.11.0, pnpm 10.34.9` */
  readonly description: string;
  /** `linux-x64-glibc`: results of native builds are bound to it. */
  readonly target: string;
}

export interface WorkerPlatform {
  /** The snapshot of this name, when this host (or a registry it reaches) has it whole. Counts as a use. */
  find(key: string): Promise<SnapshotRef | null>;
  /** Publishes a copy of a directory (its `.git` left out). */
  importTree(request: { attempt: AttemptRef; directory: string; publish: string }): Promise<SnapshotRef>;
  run(request: RunRequest): Promise<RunAnswer>;
  /** Makes a runtime and package manager ready; progress goes to `onOutput`. Rejects with `toolchain-unavailable`. */
  prepare(
    toolchain: Toolchain,
    options: { signal: AbortSignal; onOutput: (chunk: Buffer) => void },
  ): Promise<ResolvedToolchain>;
  /**
   * Makes the startable form of a built snapshot: for `local` the snapshot itself, for `docker` an image. Answers the release's snapshot.
   */
  makeRelease(request: {
    attempt: AttemptRef;
    build: SnapshotRef;
    plan: Plan;
    publish: string;
    labels: Readonly<Record<string, string>>;
    signal: AbortSignal;
    onOutput: (chunk: Buffer) => void;
  }): Promise<SnapshotRef>;
  /** Whether a path exists in a snapshot, for decisions that can only be made after the build. */
  exists(snapshot: SnapshotRef, path: string): Promise<boolean>;
  /** Ends what an earlier attempt left running on this host and removes its workspaces. Attempts with a token below `belowToken`. */
  discardAttempts(deploymentId: string, belowToken: number): Promise<void>;
  /** Workspaces of deployments that are not in `keep`, oldest first: for the sweep. */
  listWorkspaces(): Promise<{ deploymentId: string; createdAt: number }[]>;
  /** `bytes`: what its removal frees at least, when nothing else is made of it; as near as is cheaply known. */
  listSnapshots(): Promise<{ key: string; lastUsedAt: number; bytes: number }[]>;
  /** With `unusedSince`: unless it was used after that moment. Answers whether it is gone. */
  removeSnapshot(key: string, unless?: { unusedSince: number }): Promise<boolean>;
}

interface StartBase {
  readonly farmId: string;
  readonly epoch: number;
  readonly appId: AppId;
  readonly environmentId: EnvironmentId;
  readonly snapshot: SnapshotRef;
  readonly root: string;
  /** Directories, relative to `root`, that the environment's instances and one-offs share and that outlive all of them. */
  readonly persist: readonly string[];
  readonly runtime: Plan['runtime'];
  /** Of all its processes together, but for open files, which each may have. They hold whether or not a runner lives. */
  readonly limits: ResourceLimits;
  /** The whole environment, with the same exceptions as in `RunRequest`. May hold secrets: never argv, never on disk. */
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface InstanceSpec extends StartBase {
  readonly id: InstanceId;
  readonly start: Plan['start'];
  /** The port the instance is told to listen on (`PORT`). `local`: reserved by the runner; `docker`: any, the container is alone. */
  readonly port: number;
}

export interface OneOffSpec extends StartBase {
  readonly id: OneOffId;
  readonly command: string;
  readonly timeLimitMs: number;
}

/** Something that carries this farm's id: found by `list`, whether this runner started it or an earlier one. */
export interface FoundProcess extends MemorySeen {
  readonly id: InstanceId | OneOffId;
  readonly epoch: number;
  readonly state: 'running' | 'exited';
  readonly exit: Exit | null;
  readonly timedOut: boolean;
  readonly pid: number | null;
  readonly startedAt: number;
  /** Where it is reached: the port it was told, or was seen to listen on. */
  readonly address: { readonly host: string; readonly port: number } | null;
}

export interface ListeningSocket {
  readonly host: string;
  readonly port: number;
}

export interface RunnerPlatform {
  /** Whether the runner has to reserve a host port per instance. */
  readonly needsHostPorts: boolean;
  startInstance(spec: InstanceSpec): Promise<FoundProcess>;
  /**
   * `beforeBegin` is awaited once, when everything is ready and nothing of the command has run: whoever must know that it may have run
   * writes it down there. Its rejection ends the start and leaves nothing.
   */
  startOneOff(spec: OneOffSpec, beforeBegin?: () => Promise<void>): Promise<FoundProcess>;
  /** Everything of this farm on this host, running or exited and not yet removed. */
  list(): Promise<FoundProcess[]>;
  /** Resolves when something may have exited. Aborting the signal resolves it too. Used instead of polling fast. */
  waitForChange(signal: AbortSignal): Promise<void>;
  /** SIGTERM to the whole instance, SIGKILL after `graceMs`; resolves when every process of it is gone. */
  stop(id: InstanceId | OneOffId, options: { graceMs: number }): Promise<void>;
  /** Forgets an exited or stopped one, its output included. */
  remove(id: InstanceId | OneOffId): Promise<void>;
  /** Output from a byte offset on, at most `maxBytes`; `next` is where to go on. An offset that has been rotated away goes on at the oldest byte. */
  readOutput(id: InstanceId | OneOffId, offset: number, maxBytes: number): Promise<{ bytes: Buffer; next: number }>;
  /** TCP sockets on which the instance's own processes listen (for `docker`: inside the container). */
  listeningSockets(id: InstanceId): Promise<ListeningSocket[]>;
}

/** What a repository's files look like to detection, without a checkout. Paths are relative, with `/`. */
export interface SourceTree {
  /** Paths of files and, with a trailing `/`, of directories, directly in `directory` (`.` for the root). */
  list(directory: string): Promise<string[]>;
  /** Text of a file; null where there is none, it is larger than `LIMITS.maxDetectFileBytes`, or it is not text. */
  read(path: string): Promise<string | null>;
  /** All file paths, for globs. At most 50,000. */
  files(): Promise<string[]>;
  /** Git's object id of a file or directory, as a fingerprint of its content; null where there is none. */
  fingerprint(path: string): Promise<string | null>;
}

/** The only code that talks to Git. Mirrors are kept per repository under the data directory. */
export interface Sources {
  /** Refuses addresses that are not allowed or that hold options in disguise. Rejects with `repository-not-allowed`. Pure check. */
  checkAddress(repository: string): void;
  /**
   * Resolves a branch, tag or commit (null: the default branch) and makes sure the commit is in the mirror. The remote is asked every
   * time, so that whoever may not read it any more is told so. Rejects with `ref-not-found`, `repository-empty`, `source-denied`,
   * `source-credential-rejected`, `source-host-key-changed`, `source-tls-untrusted`, `source-address-refused`, `source-too-large`,
   * `source-unreachable`; git's own words go to `onOutput`.
   */
  pin(request: {
    repository: string;
    /** Shown to the host that it was set for, and to no other. */
    credential?: SourceCredential | null;
    ref: string | null;
    signal: AbortSignal;
    onOutput: (chunk: Buffer) => void;
  }): Promise<Commit>;
  /** Writes the commit's tree into a new directory `into`; fetches again where the mirror lacks the commit. */
  checkout(request: {
    repository: string;
    credential?: SourceCredential | null;
    sha: string;
    into: string;
    signal: AbortSignal;
    onOutput: (chunk: Buffer) => void;
  }): Promise<{ fetched: boolean }>;
  tree(repository: string, sha: string): SourceTree;
  /** What a branch (null: the default one) points to, asked of the repository without fetching; null where it has none. Rejects as `pin` does. */
  head(request: {
    repository: string;
    credential?: SourceCredential | null;
    branch: string | null;
    signal: AbortSignal;
  }): Promise<{ branch: string; sha: string } | null>;
  /** Whether a commit comes before another in the mirror's history; false where it is not known there. */
  isAncestor(repository: string, sha: string, of: string): Promise<boolean>;
}

/** A file or link of an upload; `content` is taken before the next one is asked for. */
export type UploadedItem = Exclude<ArchiveEntry, { kind: 'nothing' }> & { readonly content: AsyncIterable<Uint8Array> };

/**
 * Uploaded folders as commits: what is read from an upload is read as from a repository. A commit's name depends on nothing but the
 * content (paths, bytes, executable bits, links), so that the same folder sent twice is the same commit.
 */
export interface Uploads {
  /**
   * Keeps what the items are and answers their commit; twice is once. Whatever breaks in between, the items' own error included, leaves
   * nothing behind. Rejects with `disk-full`.
   */
  keep(request: {
    id: UploadId;
    items: AsyncIterable<UploadedItem>;
    sentAt: number;
    signal: AbortSignal;
  }): Promise<Commit>;
  /** Whether this host has it. */
  has(id: UploadId): Promise<boolean>;
  /** Writes the tree into a new directory `into`, byte by byte as it was sent. For one that is kept. */
  checkout(request: { id: UploadId; sha: string; into: string; signal: AbortSignal }): Promise<void>;
  tree(id: UploadId, sha: string): SourceTree;
  /** Those that this host has, and what earlier processes left half made, with the time of their making. */
  list(): Promise<{ name: string; id: UploadId | null; createdAt: number }[]>;
  remove(name: string): Promise<void>;
}

/** How both are opened; see `open-platform.ts`. */
export interface PlatformOptions {
  readonly kind: 'local' | 'docker';
  readonly farmId: string;
  readonly epoch: number;
  readonly hostId: HostId;
  readonly dataDir: string;
  /** A CA bundle that stage commands and containers have to trust besides the usual ones. */
  readonly extraCaCerts: string | null;
  /** The docker network that instances join. */
  readonly dockerNetwork: string | null;
  readonly allowFileRepositories: boolean;
  /** Git hosts with private addresses that may be reached; none when absent. */
  readonly allowPrivateRepositories?: PrivateHosts;
  /** `HTTPS_PROXY` and its siblings, where the operator has set them: for Git, for toolchains and for commands. */
  readonly proxyVariables?: Readonly<Record<string, string>>;
  /** For announcements (`a copy is made where an overlay is not allowed`), never for secrets. */
  readonly announce: (message: string) => void;
}

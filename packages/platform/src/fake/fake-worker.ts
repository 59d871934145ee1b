import type { SnapshotRef } from '@switchyard/domain';
import type {
  AttemptRef,
  Exit,
  MemorySeen,
  ResolvedToolchain,
  RunAnswer,
  RunEnd,
  RunRequest,
  Toolchain,
  WorkerPlatform,
} from '../platform.ts';
import type { FakePlatformOptions } from './fake-platform.ts';
import type { FakeSnapshots } from './fake-snapshots.ts';

/** How one command goes. All that is absent: at once, silently, well. */
export interface FakeCommandResult {
  readonly exit?: Exit;
  readonly output?: string;
  readonly takesMs?: number;
  /** It goes on until this resolves (or the run is ended). */
  readonly until?: Promise<void>;
  /** Paths that it makes. */
  readonly writes?: readonly string[];
  /** What it made differs from what the same commands made of the same layers before: says how. */
  readonly content?: string;
  /** What is seen of its memory; nothing when absent. */
  readonly memory?: MemorySeen;
  /** The platform itself fails so. */
  readonly error?: Error;
}

export interface FakeWorkerScript {
  readonly command?: (command: string, request: RunRequest) => FakeCommandResult;
  readonly prepare?: (toolchain: Toolchain) => ResolvedToolchain | Error;
  /** Paths of an imported directory. */
  readonly directory?: (directory: string) => readonly string[];
}

export interface FakeWorker extends WorkerPlatform {
  /** Every command that began, in order: the effects that a test counts. */
  readonly began: readonly { readonly attempt: AttemptRef; readonly command: string }[];
}

interface Open {
  readonly attempt: AttemptRef;
  readonly createdAt: number;
  readonly end: AbortController;
  readonly over: Promise<void>;
}

const key = ({ deploymentId, stage, token }: AttemptRef) => `${deploymentId}/${stage}-${token}`;
const NOTHING_SEEN: MemorySeen = { peakMemoryBytes: null, outOfMemory: false };
const SUCCESS: Exit = { code: 0, signal: null };

export function openFakeWorker(
  snapshots: FakeSnapshots,
  { worker: script = {}, clock, sleep }: FakePlatformOptions,
): FakeWorker {
  const began: { attempt: AttemptRef; command: string }[] = [];
  const open = new Set<Open>();
  /** Per deployment, the token below which attempts are over. */
  const discarded = new Map<string, number>();

  function admit(attempt: AttemptRef): void {
    if (attempt.token < (discarded.get(attempt.deploymentId) ?? 0))
      throw new Error(`${key(attempt)} goes on after it was discarded`);
  }

  async function goOn(result: FakeCommandResult, signal: AbortSignal): Promise<void> {
    if (result.takesMs !== undefined) await sleep(result.takesMs, signal);
    if (result.until !== undefined) await Promise.race([result.until, abortOf(signal)]);
  }

  async function run(request: RunRequest, onSeen: (memory: MemorySeen) => void): Promise<RunEnd> {
    const { attempt, signal } = request;
    admit(attempt);
    const layers = request.layers.map(({ snapshot, only }) => ({ ...snapshots.require(snapshot), only }));
    if (signal.aborted) return { end: 'aborted' };
    const paths = new Set(layers.flatMap((layer) => [...layer.paths].filter((path) => isShown(path, layer.only))));
    const made: string[] = [];
    let left = request.timeLimitMs;
    for (const command of request.commands) {
      admit(attempt);
      began.push({ attempt, command });
      const result = script.command?.(command, request) ?? {};
      if (result.error !== undefined) throw result.error;
      if (result.memory !== undefined) onSeen(result.memory);
      if (result.output !== undefined) request.onOutput(Buffer.from(result.output));
      const isOver = new AbortController();
      const limit = sleep(Math.min(left, result.takesMs ?? left), isOver.signal).then(() => 'limit' as const);
      const within = (result.takesMs ?? 0) <= left;
      const went = await Promise.race([
        goOn(result, signal).then(() => 'done' as const),
        ...(within && result.until === undefined ? [] : [limit]),
      ]);
      isOver.abort();
      if (signal.aborted) return { end: 'aborted' };
      if (!within || went === 'limit') return { end: 'timed-out' };
      left -= result.takesMs ?? 0;
      const exit = result.exit ?? SUCCESS;
      if (exit.code !== 0) return { end: 'failed', exit, command };
      for (const path of result.writes ?? []) paths.add(path);
      if (result.content !== undefined) made.push(result.content);
    }
    if (request.publish === null) return { end: 'succeeded', snapshot: null };
    const inputs = request.layers.map(({ snapshot, only }) => [snapshot.key, only ?? null]);
    const content = JSON.stringify([inputs, request.commands, request.root, made]);
    return { end: 'succeeded', snapshot: snapshots.publish(request.publish, content, paths) };
  }

  /** Known while it runs, so that it can be ended from outside. */
  async function tracked(request: RunRequest): Promise<RunAnswer> {
    const end = new AbortController();
    let finished = (): void => {};
    const over = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const entry: Open = { attempt: request.attempt, createdAt: clock(), end, over };
    open.add(entry);
    try {
      let seen = NOTHING_SEEN;
      const ended = await run({ ...request, signal: AbortSignal.any([request.signal, end.signal]) }, (memory) => {
        seen = memory;
      });
      return { ...ended, ...seen };
    } finally {
      open.delete(entry);
      finished();
    }
  }

  return {
    began,
    find: async (name) => snapshots.find(name),
    async importTree({ attempt, directory, publish }) {
      admit(attempt);
      const paths = script.directory?.(directory) ?? [];
      return snapshots.publish(publish, JSON.stringify(['import', directory, paths]), paths);
    },
    run: tracked,
    async prepare(toolchain, { signal }) {
      signal.throwIfAborted();
      const { runtime, packageManager } = toolchain;
      const manager = packageManager === null ? '' : `, ${packageManager.name} ${packageManager.version}`;
      const answer = script.prepare?.(toolchain) ?? {
        description: `${runtime.name} ${runtime.wanted}${manager}`,
        target: 'fake-none-none',
      };
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async makeRelease({ attempt, build }): Promise<SnapshotRef> {
      admit(attempt);
      return snapshots.require(build).ref;
    },
    async exists(snapshot, path) {
      const { paths } = snapshots.require(snapshot);
      return [...paths].some((one) => one === path || one.startsWith(path.endsWith('/') ? path : `${path}/`));
    },
    async discardAttempts(deploymentId, belowToken) {
      discarded.set(deploymentId, Math.max(belowToken, discarded.get(deploymentId) ?? 0));
      const ending = [...open].filter(
        ({ attempt }) => attempt.deploymentId === deploymentId && attempt.token < belowToken,
      );
      for (const { end } of ending) end.abort();
      await Promise.all(ending.map(({ over }) => over));
    },
    async listWorkspaces() {
      const byDeployment = new Map<string, number>();
      for (const { attempt, createdAt } of open) {
        byDeployment.set(
          attempt.deploymentId,
          Math.min(createdAt, byDeployment.get(attempt.deploymentId) ?? createdAt),
        );
      }
      return [...byDeployment]
        .map(([deploymentId, createdAt]) => ({ deploymentId, createdAt }))
        .sort((one, other) => one.createdAt - other.createdAt);
    },
    listSnapshots: async () => snapshots.list(),
    removeSnapshot: async (name, { unusedSince } = { unusedSince: Number.POSITIVE_INFINITY }) =>
      snapshots.remove(name, unusedSince),
  };
}

function isShown(path: string, only: readonly string[] | undefined): boolean {
  return only === undefined || only.some((one) => path === one || (one.endsWith('/') && path.startsWith(one)));
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

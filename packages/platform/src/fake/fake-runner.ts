import type { InstanceId, OneOffId } from '@switchyard/domain';
import type {
  Exit,
  FoundProcess,
  InstanceSpec,
  ListeningSocket,
  MemorySeen,
  OneOffSpec,
  RunnerPlatform,
} from '../platform.ts';
import type { FakePlatformOptions } from './fake-platform.ts';
import type { FakeSnapshots } from './fake-snapshots.ts';

type RunId = InstanceId | OneOffId;

export interface FakeEnd {
  readonly exit: Exit | null;
  readonly afterMs: number;
}

/** How something that was started goes. All that is absent: it runs, listens where it was told, ends when it is told. */
export interface FakeStart {
  readonly output?: string;
  /** null: it listens nowhere. */
  readonly listens?: readonly ListeningSocket[];
  /** By itself. A one-off without it ends well at once. */
  readonly end?: FakeEnd;
  /** What SIGTERM does; `ignored` takes the whole grace. */
  readonly onTerm?: Exit | 'ignored';
  /** What is seen of its memory; nothing when absent. */
  readonly memory?: MemorySeen;
  readonly error?: Error;
}

export interface FakeRunnerScript {
  readonly start?: (spec: InstanceSpec | OneOffSpec) => FakeStart;
}

/** Something that was started, with what a test may do to it. */
export interface FakeRun {
  readonly spec: InstanceSpec | OneOffSpec;
  readonly state: 'running' | 'exited';
  readonly exit: Exit | null;
}

export interface FakeRunner extends RunnerPlatform {
  /** Every start that was not a repetition, in order: the effects that a test counts. */
  readonly started: readonly (InstanceSpec | OneOffSpec)[];
  get(id: RunId): FakeRun | null;
  /** It ends now; null: without anybody having seen how. */
  exit(id: RunId, exit: Exit | null): void;
  write(id: RunId, output: string): void;
  listen(id: InstanceId, sockets: readonly ListeningSocket[]): void;
}

interface Entry {
  spec: InstanceSpec | OneOffSpec;
  readonly script: FakeStart;
  readonly pid: number;
  readonly startedAt: number;
  state: 'running' | 'exited';
  exit: Exit | null;
  timedOut: boolean;
  sockets: readonly ListeningSocket[];
  output: Buffer;
  /** Aborted when it is over: ends what waits for it. */
  readonly over: AbortController;
}

const isInstance = (spec: InstanceSpec | OneOffSpec): spec is InstanceSpec => 'port' in spec;
const LOCAL = '127.0.0.1';

export function openFakeRunner(snapshots: FakeSnapshots, options: FakePlatformOptions): FakeRunner {
  const { clock, sleep, farmId, runner: script = {} } = options;
  const entries = new Map<RunId, Entry>();
  const started: (InstanceSpec | OneOffSpec)[] = [];
  const waiting = new Set<() => void>();
  let lastPid = 0;
  /** Ends that no `waitForChange` has told yet. */
  let untold = false;

  function finish(entry: Entry, exit: Exit | null, timedOut = false): void {
    if (entry.state === 'exited') return;
    Object.assign(entry, { state: 'exited', exit, timedOut, sockets: [] });
    entry.over.abort();
    untold = true;
    for (const tell of waiting) tell();
  }

  function require(id: RunId): Entry {
    const entry = entries.get(id);
    if (entry === undefined) throw new Error(`${id} was never started, or is removed`);
    return entry;
  }

  function found({ spec, script: { memory }, state, exit, timedOut, pid, startedAt, sockets }: Entry): FoundProcess {
    const socket = isInstance(spec) ? (sockets.find(({ port }) => port === spec.port) ?? sockets[0]) : undefined;
    const address = isInstance(spec) ? { host: LOCAL, port: socket?.port ?? spec.port } : null;
    return {
      id: spec.id,
      epoch: spec.epoch,
      state,
      exit,
      timedOut,
      pid: state === 'running' ? pid : null,
      startedAt,
      address,
      peakMemoryBytes: memory?.peakMemoryBytes ?? null,
      outOfMemory: memory?.outOfMemory ?? false,
    };
  }

  function start(spec: InstanceSpec | OneOffSpec): FoundProcess {
    const known = entries.get(spec.id);
    if (known !== undefined) {
      if (JSON.stringify(known.spec) !== JSON.stringify(spec))
        throw new Error(`${spec.id} was started with another spec`);
      return found(known);
    }
    snapshots.require(spec.snapshot);
    if (spec.farmId !== farmId)
      throw new Error(`${spec.id} is of ${spec.farmId}; this platform was opened for ${farmId}`);
    if (isInstance(spec)) refuseTakenPort(spec);
    const how = script.start?.(spec) ?? {};
    if (how.error !== undefined) throw how.error;
    started.push(spec);
    lastPid += 1;
    const entry: Entry = {
      spec,
      script: how,
      pid: lastPid,
      startedAt: clock(),
      state: 'running',
      exit: null,
      timedOut: false,
      sockets: isInstance(spec) ? (how.listens ?? [{ host: LOCAL, port: spec.port }]) : [],
      output: Buffer.from(how.output ?? ''),
      over: new AbortController(),
    };
    entries.set(spec.id, entry);
    const end = how.end ?? (isInstance(spec) ? null : { exit: { code: 0, signal: null }, afterMs: 0 });
    void live(entry, end);
    return found(entry);
  }

  function refuseTakenPort(spec: InstanceSpec): void {
    if (!(options.needsHostPorts ?? true)) return;
    for (const { spec: other, state } of entries.values()) {
      if (state === 'running' && isInstance(other) && other.port === spec.port)
        throw new Error(`${spec.id} was told port ${spec.port}, which ${other.id} has`);
    }
  }

  async function live(entry: Entry, end: FakeEnd | null): Promise<void> {
    const { spec, over } = entry;
    const limitMs = isInstance(spec) ? Number.POSITIVE_INFINITY : spec.timeLimitMs;
    if (end !== null && end.afterMs <= limitMs) {
      await sleep(end.afterMs, over.signal);
      finish(entry, end.exit);
    } else if (limitMs !== Number.POSITIVE_INFINITY) {
      await sleep(limitMs, over.signal);
      finish(entry, { code: null, signal: 'SIGTERM' }, true);
    }
  }

  return {
    needsHostPorts: options.needsHostPorts ?? true,
    started,
    get(id) {
      return entries.get(id) ?? null;
    },
    exit(id, exit) {
      finish(require(id), exit);
    },
    write(id, output) {
      const entry = require(id);
      entry.output = Buffer.concat([entry.output, Buffer.from(output)]);
    },
    listen(id, sockets) {
      require(id).sockets = sockets;
    },
    startInstance: async (spec) => start(spec),
    async startOneOff(spec, beforeBegin) {
      if (!entries.has(spec.id)) await beforeBegin?.();
      return start(spec);
    },
    async list() {
      untold = false;
      return [...entries.values()].map(found);
    },
    async waitForChange(signal) {
      if (untold || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const tell = () => {
          waiting.delete(tell);
          signal.removeEventListener('abort', tell);
          resolve();
        };
        waiting.add(tell);
        signal.addEventListener('abort', tell, { once: true });
      });
    },
    async stop(id, { graceMs }) {
      const entry = entries.get(id);
      if (entry === undefined || entry.state === 'exited') return;
      const { onTerm = { code: null, signal: 'SIGTERM' } } = entry.script;
      if (onTerm === 'ignored') await sleep(graceMs, entry.over.signal);
      finish(entry, onTerm === 'ignored' ? { code: null, signal: 'SIGKILL' } : onTerm);
    },
    async remove(id) {
      if (entries.get(id)?.state === 'running') throw new Error(`${id} is running; stop it before it is removed`);
      entries.delete(id);
    },
    async readOutput(id, offset, maxBytes) {
      const output = entries.get(id)?.output ?? Buffer.alloc(0);
      const bytes = output.subarray(offset, offset + maxBytes);
      return { bytes, next: offset + bytes.length };
    },
    async listeningSockets(id) {
      const entry = entries.get(id);
      return entry?.state === 'running' ? [...entry.sockets] : [];
    },
  };
}

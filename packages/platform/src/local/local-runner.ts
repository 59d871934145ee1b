import { setMaxListeners } from 'node:events';
import { watch } from 'node:fs/promises';
import { type InstanceId, LIMITS, SwitchyardError } from '@switchyard/domain';
import type { FoundProcess, ListeningSocket, PlatformOptions, RunnerPlatform } from '../platform.ts';
import { onDisk } from './disk.ts';
import { endAll } from './ending.ts';
import { openRunDirectories, RunId, type RunState } from './instance-directory.ts';
import { openInstanceMemory } from './instance-memory.ts';
import { limitOutput, readOutput } from './instance-output.ts';
import { markOf, START_TIMEOUT_MS, startRun, type Wanted, wantedInstance, wantedOneOff } from './instance-start.ts';
import { chooseAddress, kernelSockets, socketsOf } from './listening-sockets.ts';
import type { LocalHost } from './local-host.ts';
import { isAlive, membersOf, processEntry, send } from './process-table.ts';
import { sweepEnclosures } from './resources/sweep-enclosures.ts';

const LIMIT_OUTPUT_EVERY_MS = 5_000;
/** What no file tells: a shim that was killed. */
const LOOK_EVERY_MS = 1_000;
/** From the first SIGKILL of a stop to the shim's own. */
const SHIM_PATIENCE_MS = 1_000;

export function openLocalRunner(
  host: LocalHost,
  options: Pick<PlatformOptions, 'farmId' | 'dataDir'>,
): RunnerPlatform & { sweep(): Promise<void>; close(): void } {
  const directories = openRunDirectories(options.dataDir, host.layers);
  const starting = new Map<string, Promise<FoundProcess>>();
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const resolve of waiting) resolve();
  };
  const memory = openInstanceMemory(host, directories);
  const markIn = (id: RunId) => markOf(directories.pathOf(id));

  let limiting: NodeJS.Timeout | undefined;
  /** From the first call on: a worker opens the same platform and leaves the runner's half alone. */
  function beginLimiting(): void {
    if (limiting !== undefined) return;
    limiting = setInterval(() => {
      limitAll().catch((error: unknown) =>
        host.announce(`The output of instances could not be limited: ${String(error)}`),
      );
    }, LIMIT_OUTPUT_EVERY_MS);
    limiting.unref();
  }

  async function limitAll(): Promise<void> {
    for (const { spec } of await directories.list())
      await limitOutput(directories.pathOf(spec.id), LIMITS.maxInstanceLogBytes);
  }

  function addressOf({ spec, running, pid }: RunState, listening: readonly ListeningSocket[]): FoundProcess['address'] {
    const { port } = spec;
    if (port === null) return null;
    if (!running || pid === null) return { host: '127.0.0.1', port };
    const there = listening.filter((socket) => socket.port === port);
    // Whose it is is asked before an instance counts as healthy; looking that up costs a walk over all processes.
    return chooseAddress(port, there.length > 0 ? there : socketsOf(membersOf(pid, markIn(spec.id))));
  }

  async function found(state: RunState, listening: readonly ListeningSocket[]): Promise<FoundProcess> {
    const { spec, running, exit, timedOut, pid } = state;
    const base = {
      id: spec.id,
      epoch: spec.epoch,
      exit,
      timedOut,
      startedAt: spec.startedAt,
      address: addressOf(state, listening),
      ...(await memory.seen(spec.id, running)),
    };
    return { ...base, state: running ? 'running' : 'exited', pid: running ? pid : null };
  }

  /** Two calls with one id start once. */
  function startOnce(wanted: Wanted): Promise<FoundProcess> {
    const { id } = wanted.spec;
    const running = starting.get(id);
    if (running !== undefined) return running;
    beginLimiting();
    const promise = onDisk(
      'starting an instance',
      async () => await say(await startRun(host, directories, wanted, changed)),
    ).finally(() => starting.delete(id));
    starting.set(id, promise);
    return promise;
  }

  async function stop(id: RunId, { graceMs }: { graceMs: number }): Promise<void> {
    await starting.get(id)?.catch(() => {});
    const state = await directories.read(id);
    if (state === null) return;
    const shim = state.pid === null ? null : processEntry(state.pid);
    const isShimAlive = () => state.running && shim !== null && isAlive(shim.pid, shim.startedAt);
    if (shim !== null && isShimAlive()) send(shim.pid, 'SIGTERM');
    let killedAt: number | undefined;
    const members = () => membersOf(isShimAlive() ? state.pid : null, markIn(id));
    await endAll({
      members,
      isOver: () => !isShimAlive() && members().length === 0,
      graceMs,
      // Last, and only if it hangs: it writes down how the command ended.
      killGuard: () => {
        killedAt ??= performance.now();
        if (performance.now() - killedAt > SHIM_PATIENCE_MS && shim !== null && isShimAlive())
          send(shim.pid, 'SIGKILL');
      },
    });
    changed();
  }

  /** Not what is being started: that is neither running nor over yet. */
  const ours = async () =>
    (await directories.list()).filter(
      ({ spec, pid }) =>
        spec.farmId === options.farmId &&
        (pid !== null || (!starting.has(spec.id) && Date.now() - spec.startedAt > START_TIMEOUT_MS)),
    );
  /** What was last said to run, so that nothing is missed between an answer and the wait for a change. */
  const saidToRun = new Set<RunId>();
  async function say(state: RunState, listening: readonly ListeningSocket[] = kernelSockets()): Promise<FoundProcess> {
    if (state.running) await memory.watch(state);
    if (state.running) saidToRun.add(state.spec.id);
    else saidToRun.delete(state.spec.id);
    return await found(state, listening);
  }

  return {
    needsHostPorts: true,
    async startInstance(spec) {
      return await startOnce(wantedInstance(spec));
    },
    async startOneOff(spec, beforeBegin) {
      return await startOnce(wantedOneOff(spec, beforeBegin));
    },
    async list() {
      beginLimiting();
      const states = await ours();
      saidToRun.clear();
      const listening = kernelSockets();
      return await Promise.all(states.map((state) => say(state, listening)));
    },
    async waitForChange(signal) {
      if (signal.aborted) return;
      const over = new AbortController();
      // Every instance that is watched listens: Node warns of a leak from the eleventh on.
      setMaxListeners(0, over.signal);
      const end = () => over.abort();
      signal.addEventListener('abort', end, { once: true });
      waiting.add(end);
      try {
        const before = await ours();
        for (const { spec, running } of before) {
          if (running) void watchFor(directories.pathOf(spec.id), end, over.signal);
          if (running) saidToRun.add(spec.id);
        }
        while (!over.signal.aborted) {
          const running = new Set((await ours()).flatMap((state) => (state.running ? state.spec.id : [])));
          if ([...saidToRun].some((id) => !running.has(id))) break;
          await until(over.signal, LOOK_EVERY_MS);
        }
      } finally {
        over.abort();
        waiting.delete(end);
        signal.removeEventListener('abort', end);
      }
    },
    stop,
    async remove(id) {
      const state = await directories.read(id);
      if (state?.running)
        throw new SwitchyardError('engine-refused', `${id} is running; stop it before it is removed.`);
      await memory.forget(id);
      await directories.remove(id);
    },
    async readOutput(id, offset, maxBytes) {
      return await readOutput(directories.pathOf(id), offset, maxBytes);
    },
    async listeningSockets(id: InstanceId) {
      const state = await directories.read(id);
      return state?.running ? socketsOf(membersOf(state.pid, markIn(id))) : [];
    },
    async sweep() {
      await sweepEnclosures(await host.resources(), async (id) => (await directories.read(RunId.parse(id))) !== null);
    },
    close() {
      memory.close();
      clearInterval(limiting);
      changed();
    },
  };
}

async function watchFor(directory: string, end: () => void, signal: AbortSignal): Promise<void> {
  try {
    for await (const { filename } of watch(directory, { signal, persistent: false })) {
      if (filename === 'exit') end();
    }
  } catch {
    // Aborted, or removed meanwhile: the slow look sees it.
  }
}

async function until(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

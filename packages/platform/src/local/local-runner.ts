import { mkdir, watch } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS, SwitchyardError, type InstanceId } from '@switchyard/domain';
import type {
  FoundProcess,
  InstanceSpec,
  OneOffSpec,
  PlatformOptions,
  RunnerPlatform,
  Toolchain,
} from '../platform.ts';
import { onDisk } from './disk.ts';
import { endAll } from './ending.ts';
import { isInside } from './file-tree.ts';
import { openRunDirectories, type RunId, type RunState } from './instance-directory.ts';
import { limitOutput, readOutput } from './instance-output.ts';
import { startShim } from './instance-shim.ts';
import { chooseAddress, kernelSockets, socketsOf } from './listening-sockets.ts';
import type { LocalHost } from './local-host.ts';
import { isAlive, membersOf, processEntry, send } from './process-table.ts';
import { commandWords } from './static-server-command.ts';

const LIMIT_OUTPUT_EVERY_MS = 5_000;
/** What no file tells: a shim that was killed. */
const LOOK_EVERY_MS = 1_000;
const START_TIMEOUT_MS = 10_000;
/** From the first SIGKILL of a stop to the shim's own. */
const SHIM_PATIENCE_MS = 1_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Wanted {
  readonly spec: InstanceSpec | OneOffSpec;
  readonly command: string;
  readonly port: number | null;
  readonly timeLimitMs: number | null;
}

export function openLocalRunner(
  host: LocalHost,
  options: Pick<PlatformOptions, 'farmId' | 'dataDir'>,
): RunnerPlatform & { close(): void } {
  const directories = openRunDirectories(options.dataDir);
  const starting = new Map<string, Promise<FoundProcess>>();
  const waiting = new Set<() => void>();
  const changed = () => {
    for (const resolve of waiting) resolve();
  };
  const homeOf = (id: RunId) => join(directories.pathOf(id), 'home');
  const markOf = (id: RunId) => `HOME=${homeOf(id)}`;

  const limiting = setInterval(() => {
    void limitAll().catch((error: unknown) =>
      host.announce(`The output of instances could not be limited: ${String(error)}`),
    );
  }, LIMIT_OUTPUT_EVERY_MS);
  limiting.unref();

  async function limitAll(): Promise<void> {
    for (const { spec } of await directories.list())
      await limitOutput(directories.pathOf(spec.id), LIMITS.maxInstanceLogBytes);
  }

  function addressOf({ spec, running, pid }: RunState): FoundProcess['address'] {
    const { port } = spec;
    if (port === null) return null;
    if (!running || pid === null) return { host: '127.0.0.1', port };
    const there = kernelSockets().filter((socket) => socket.port === port);
    // Whose it is is asked before an instance counts as healthy; looking that up costs a walk over all processes.
    return chooseAddress(port, there.length > 0 ? there : socketsOf(membersOf(pid, markOf(spec.id))));
  }

  function found(state: RunState): FoundProcess {
    const { spec, running, exit, timedOut, pid } = state;
    const base = {
      id: spec.id,
      epoch: spec.epoch,
      exit,
      timedOut,
      startedAt: spec.startedAt,
      address: addressOf(state),
    };
    return { ...base, state: running ? 'running' : 'exited', pid: running ? pid : null };
  }

  async function toolchainFor(spec: InstanceSpec | OneOffSpec): Promise<Toolchain> {
    const made = await host.snapshots.toolchainOf(spec.snapshot);
    return { runtime: spec.runtime, packageManager: made?.packageManager ?? null };
  }

  async function start({ spec, command, port, timeLimitMs }: Wanted): Promise<FoundProcess> {
    if (!isInside(spec.root))
      throw new SwitchyardError('invalid-settings', `The root ${spec.root} is not a directory inside the repository.`);
    const directory = directories.pathOf(spec.id);
    const earlier = await directories.read(spec.id);
    if (earlier !== null && earlier.pid !== null) return say(earlier);
    // Made, and never started: its runner ended in between.
    if (earlier !== null) await directories.remove(spec.id);
    try {
      const tree = await host.snapshots.treeOf(spec.snapshot);
      const toolchain = await toolchainFor(spec);
      const { path } = await host.toolchains.resolve(toolchain, {
        signal: AbortSignal.timeout(LIMITS.stageTimeLimitMs.health),
        onOutput: () => {},
      });
      await mkdir(homeOf(spec.id), { recursive: true, mode: 0o700 });
      const temporary = join(directory, 'tmp');
      await mkdir(temporary, { recursive: true });
      const app = await host.assembly.assemble([{ tree }], join(directory, 'app'));
      await directories.writeSpec({
        v: 1,
        id: spec.id,
        farmId: spec.farmId,
        epoch: spec.epoch,
        port,
        bootId: directories.bootId,
        startedAt: Date.now(),
        labels: { ...spec.labels },
      });
      const child = startShim({
        guard: await host.guard(),
        directory,
        workingDirectory: join(app.directory, spec.root),
        command,
        timeLimitMs,
        env: {
          ...host.commandVariables,
          TMPDIR: temporary,
          ...(port === null ? {} : { PORT: String(port) }),
          ...spec.env,
          PATH: path,
          HOME: homeOf(spec.id),
        },
      });
      let failure: Error | undefined;
      child.once('error', (error) => {
        failure = error;
      });
      child.once('exit', changed);
      for (const deadline = performance.now() + START_TIMEOUT_MS; ; ) {
        const state = await directories.read(spec.id);
        if (state !== null && state.pid !== null) return say(state);
        if (failure !== undefined) throw failure;
        if (child.exitCode !== null || performance.now() > deadline) {
          throw new SwitchyardError(
            'engine-refused',
            `${spec.id} could not be started (exit code ${child.exitCode ?? 'none'}).`,
          );
        }
        await pause(2);
      }
    } catch (error) {
      await directories.remove(spec.id);
      throw error;
    }
  }

  /** Two calls with one id start once. */
  function startOnce(wanted: Wanted): Promise<FoundProcess> {
    const { id } = wanted.spec;
    const running = starting.get(id);
    if (running !== undefined) return running;
    const promise = onDisk('starting an instance', () => start(wanted)).finally(() => starting.delete(id));
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
    const members = () => membersOf(isShimAlive() ? state.pid : null, markOf(id));
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

  const ours = async () => (await directories.list()).filter(({ spec }) => spec.farmId === options.farmId);
  /** What was last said to run, so that nothing is missed between an answer and the wait for a change. */
  const saidToRun = new Set<RunId>();
  function say(state: RunState): FoundProcess {
    if (state.running) saidToRun.add(state.spec.id);
    else saidToRun.delete(state.spec.id);
    return found(state);
  }

  return {
    needsHostPorts: true,
    async startInstance(spec) {
      return await startOnce({ spec, command: startCommand(spec), port: spec.port, timeLimitMs: null });
    },
    async startOneOff(spec) {
      return await startOnce({ spec, command: spec.command, port: null, timeLimitMs: spec.timeLimitMs });
    },
    async list() {
      const states = await ours();
      saidToRun.clear();
      return states.map(say);
    },
    async waitForChange(signal) {
      if (signal.aborted) return;
      const over = new AbortController();
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
      await directories.remove(id);
    },
    async readOutput(id, offset, maxBytes) {
      return await readOutput(directories.pathOf(id), offset, maxBytes);
    },
    async listeningSockets(id: InstanceId) {
      const state = await directories.read(id);
      return state?.running ? socketsOf(membersOf(state.pid, markOf(id))) : [];
    },
    close() {
      clearInterval(limiting);
      changed();
    },
  };
}

/** Static files are served by a small server of our own, run by the Node that runs this process. */
function startCommand({ start, port, env }: InstanceSpec): string {
  if (start.kind === 'command') return start.command;
  return commandWords({ directory: start.directory, spa: start.spa, host: env['HOST'] ?? '127.0.0.1', port });
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

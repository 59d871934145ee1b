import { SwitchyardError } from '@switchyard/domain';
import { shellExit } from '../local/exit.ts';
import { pnpmVariables } from '../local/home-directory.ts';
import { NOTHING_SEEN } from '../local/resources/enclosure.ts';
import type { Exit, MemorySeen, RunAnswer, RunEnd, RunRequest } from '../platform.ts';
import { memorySeenIn } from './container-memory.ts';
import { FILL_HOME, RUN_COMMAND } from './container-scripts.ts';
import { workContainer } from './container-spec.ts';
import type { DockerHost } from './docker-host.ts';
import { execute } from './exec.ts';
import { LABEL, PLACES, USER } from './names.ts';
import type { PlacedToolchain } from './toolchains.ts';
import { openLayers, planAssembly, putBelow, putOver } from './tree-assembly.ts';
import { openWorkContainer, type WorkContainer, withinGrace } from './work-container.ts';

/** Resolves when the signal is aborted; never rejects. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Runs a stage's commands in a container of their own and keeps the result. When it resolves the container is gone. */
export async function runStage(host: DockerHost, request: RunRequest): Promise<RunAnswer> {
  let seen = NOTHING_SEEN;
  const end = await runToEnd(host, request, (memory) => {
    seen = memory;
  });
  return { ...end, ...seen };
}

async function runToEnd(host: DockerHost, request: RunRequest, onSeen: (memory: MemorySeen) => void): Promise<RunEnd> {
  const limit = AbortSignal.timeout(request.timeLimitMs);
  const signal = AbortSignal.any([request.signal, limit]);
  const stopped = (): RunEnd | null =>
    request.signal.aborted ? { end: 'aborted' } : limit.aborted ? { end: 'timed-out' } : null;
  if (request.signal.aborted) return { end: 'aborted' };
  try {
    const toolchain = await host.toolchains.resolve(request.toolchain, { signal, onOutput: request.onOutput });
    return (await runOn(host, request, toolchain, signal, onSeen)) ?? stopped() ?? { end: 'aborted' };
  } catch (error) {
    const stop = stopped();
    if (stop !== null) return stop;
    throw error;
  }
}

/** null: the signal ended it. */
async function runOn(
  host: DockerHost,
  request: RunRequest,
  toolchain: PlacedToolchain,
  signal: AbortSignal,
  onSeen: (memory: MemorySeen) => void,
): Promise<RunEnd | null> {
  const { engine, owner, snapshots } = host;
  const { attempt, publish, limits } = request;
  const context = { owner, attempt, signal };
  const plan = planAssembly(await openLayers(snapshots, request.layers), toolchain.base.id);
  const { id, hidden } = toolchain.base;
  const volumes = await host.volumes.forStage(plan.image, request.downloads);
  const work = await openWorkContainer(
    engine,
    workContainer({ owner, attempt, role: 'stage', image: plan.image, hidden, volumes, limits }),
  );
  // While the tree is put together there is nobody to ask first: ending the container ends the copying.
  const cut = () => void work.end().catch(() => {});
  signal.addEventListener('abort', cut, { once: true });
  try {
    await putOver(engine, work.container, plan, context);
    await work.start();
    await putBelow(engine, work.container, plan, context);
    signal.removeEventListener('abort', cut);
    if (signal.aborted) return null;
    const env = {
      ...(await host.commandVariables()),
      TMPDIR: PLACES.temporary,
      ...request.env,
      ...pnpmVariables(request.toolchain),
      PATH: toolchain.path,
      HOME: PLACES.home,
    };
    for (const command of request.commands) {
      const { root, onOutput } = request;
      const exit = await runCommand(work, { command, root, env, openFiles: limits.openFiles, onOutput, signal });
      onSeen(await memorySeenIn(work.container));
      if (exit === null) return null;
      if (exit.code !== 0) return { end: 'failed', exit, command };
    }
    if (signal.aborted) return null;
    if (publish === null) return { end: 'succeeded', snapshot: null };
    const labels = { [LABEL.base]: id, [LABEL.path]: toolchain.path };
    return {
      end: 'succeeded',
      snapshot: await snapshots.commit(publish, work.container, { labels, changes: [], signal }),
    };
  } finally {
    signal.removeEventListener('abort', cut);
    await work.end();
  }
}

interface StageCommand {
  readonly command: string;
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly openFiles: number;
  readonly onOutput: (chunk: Buffer) => void;
  readonly signal: AbortSignal;
}

/** Its exit, or null when the signal ended it; then its processes have had their grace and the container is to be ended. */
async function runCommand(
  work: WorkContainer,
  { command, root, env, openFiles, onOutput, signal }: StageCommand,
): Promise<Exit | null> {
  if (signal.aborted) return null;
  const directory = root === '.' ? PLACES.tree : `${PLACES.tree}/${root}`;
  const running = execute(work.container, {
    command: ['/bin/sh', '-c', RUN_COMMAND, 'sh', command, directory, FILL_HOME, String(openFiles)],
    user: USER,
    env,
    onOutput,
  });
  const code = await Promise.race([running, aborted(signal).then(() => null)]);
  if (code !== null) {
    if (signal.aborted) return null;
    await requireAlive(work);
    return shellExit(code);
  }
  running.catch(() => {});
  await withinGrace(Promise.all([work.endPolitely(), running]));
  return null;
}

/** A command whose container was ended from outside has not failed: the platform has. */
async function requireAlive({ container }: WorkContainer): Promise<void> {
  const { State } = await container.inspect();
  if (State.Running) return;
  throw new SwitchyardError(
    'engine-unavailable',
    'The container of the stage was ended from outside while a command ran in it.',
  );
}

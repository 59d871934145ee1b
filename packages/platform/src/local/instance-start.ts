import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import type { InstanceSpec, OneOffSpec, Toolchain } from '../platform.ts';
import { endAll } from './ending.ts';
import { giveFiles, isInside } from './file-tree.ts';
import { COMMAND_PATH } from './host-tools.ts';
import { holderOf, type RunDirectories, type RunId, type RunState } from './instance-directory.ts';
import { startShim } from './instance-shim.ts';
import { holdFor } from './layers.ts';
import type { LocalHost } from './local-host.ts';
import { membersOf } from './process-table.ts';
import { snapshotGone } from './snapshot-store.ts';
import { staticServerCommand } from './static-server-command.ts';
import type { AssembledTree } from './tree-assembly.ts';

/** From the spec on disk to the shim's word that it runs. */
export const START_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 2;

export interface Wanted {
  readonly spec: InstanceSpec | OneOffSpec;
  readonly command: string;
  readonly port: number | null;
  readonly timeLimitMs: number | null;
  readonly beforeBegin: () => Promise<void>;
}

const nothingToDo = (): Promise<void> => Promise.resolve();

export function wantedInstance(spec: InstanceSpec): Wanted {
  return { spec, command: startCommand(spec), port: spec.port, timeLimitMs: null, beforeBegin: nothingToDo };
}

export function wantedOneOff(spec: OneOffSpec, beforeBegin = nothingToDo): Wanted {
  return { spec, command: spec.command, port: null, timeLimitMs: spec.timeLimitMs, beforeBegin };
}

/** Static files are served by a small server of our own, run by the Node that runs this process. */
function startCommand({ start, port, env }: InstanceSpec): string {
  if (start.kind === 'command') return start.command;
  if (!isInside(start.directory)) {
    throw new SwitchyardError('invalid-settings', `${start.directory} is not a directory inside the repository.`);
  }
  return staticServerCommand({ directory: start.directory, spa: start.spa, host: env['HOST'] ?? '127.0.0.1', port });
}

const homeOf = (directory: string) => join(directory, 'home');

/** In the environment of every process of an instance, and of no other. */
export function markOf(directory: string): string {
  return `HOME=${homeOf(directory)}`;
}

async function toolchainFor(host: LocalHost, spec: Wanted['spec']): Promise<Toolchain> {
  const made = await host.snapshots.toolchainOf(spec.snapshot);
  return { runtime: spec.runtime, packageManager: made?.packageManager ?? null };
}

/** Static files need no runtime of their own: none is fetched for them. */
async function searchPathFor(host: LocalHost, spec: Wanted['spec']): Promise<string> {
  if ('start' in spec && spec.start.kind === 'static') return COMMAND_PATH;
  const { path } = await host.toolchains.resolve(await toolchainFor(host, spec), {
    signal: AbortSignal.timeout(LIMITS.stageTimeLimitMs.health),
    onOutput: () => {},
  });
  return path;
}

async function checkRoot(app: AssembledTree, root: string): Promise<void> {
  if (isInside(root) && (await app.hasDirectory(root))) return;
  throw new SwitchyardError('invalid-settings', `The root ${root} is not a directory inside the repository.`);
}

/** Makes the directory, starts the shim and answers when that runs. What fails leaves nothing. */
export async function startRun(
  host: LocalHost,
  directories: RunDirectories,
  { spec, command, port, timeLimitMs, beforeBegin }: Wanted,
  onExit: () => void,
): Promise<RunState> {
  const { id, farmId, epoch } = spec;
  const directory = directories.pathOf(id);
  const earlier = await directories.read(id);
  if (earlier !== null && earlier.pid !== null) return earlier;
  // Made, and never started: its runner ended in between.
  await directories.remove(id);
  const writeSpec = async () =>
    await directories.writeSpec({
      v: 1,
      id,
      farmId,
      epoch,
      port,
      bootId: directories.bootId,
      startedAt: Date.now(),
      limits: spec.limits,
      labels: { ...spec.labels },
    });
  try {
    const user = await host.userOf(spec.appId);
    const stack = await host.snapshots.stackOf(spec.snapshot, user);
    // First, so that a runner that dies while it copies leaves something that is found.
    await writeSpec();
    const path = await searchPathFor(host, spec);
    const home = homeOf(directory);
    const temporary = join(directory, 'tmp');
    await mkdir(home, { mode: 0o700 });
    await mkdir(temporary);
    // Its own, since an app opens its output again by name (`/dev/stderr`).
    const output = join(directory, 'output');
    await writeFile(output, '');
    if (user !== null) await Promise.all([home, temporary, output].map((path) => giveFiles(path, user)));
    if (!(await holdFor(host.layers, directory, holderOf(id), stack.ids))) throw snapshotGone(spec.snapshot);
    const assembly = await host.assembly();
    const app = await assembly.assemble({
      layers: [{ stack }],
      place: directory,
      user,
      binds: await host.persisted(spec, user),
      shown: host.shown({ home, temporary, caches: null }),
    });
    await checkRoot(app, spec.root);
    const entrance = await app.entrance(spec.root);
    const resources = await host.resources();
    // An app that starts its own workers again goes on when one is killed; a command that ends does not.
    const { prefix } = await resources.enclose(id, spec.limits, { whole: port === null });
    await writeSpec();
    await beforeBegin();
    const child = startShim({
      entrance: { ...entrance, prefix: [...prefix, ...entrance.prefix] },
      directory,
      command,
      timeLimitMs,
      env: {
        ...host.commandVariables,
        TMPDIR: temporary,
        ...(port === null ? {} : { PORT: String(port) }),
        ...spec.env,
        PATH: path,
        HOME: home,
      },
    });
    child.once('exit', onExit);
    return await untilRunning(child, directories, id);
  } catch (error) {
    await endStrays(directory);
    await (await host.resources()).remove(id);
    await directories.remove(id);
    throw error;
  }
}

async function untilRunning(child: ChildProcess, directories: RunDirectories, id: RunId): Promise<RunState> {
  const failure = new Promise<never>((_, reject) => child.once('error', reject));
  failure.catch(() => {});
  for (const deadline = performance.now() + START_TIMEOUT_MS; ; ) {
    // Asked before the look: a command that ends in between has said who it is, and has been started.
    const ended = child.exitCode !== null;
    const state = await directories.read(id);
    if (state !== null && state.pid !== null) return state;
    if (ended || performance.now() > deadline) {
      throw new SwitchyardError(
        'engine-refused',
        `${id} could not be started (exit code ${child.exitCode ?? 'none'}).`,
      );
    }
    await Promise.race([failure, new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))]);
  }
}

/** A start that failed late may have begun something. */
async function endStrays(directory: string): Promise<void> {
  const members = () => membersOf(null, markOf(directory));
  await endAll({ members, isOver: () => members().length === 0, graceMs: 0 });
}

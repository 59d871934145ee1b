import { lstat, mkdir, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import type { MemorySeen, RunAnswer, RunEnd, RunRequest, WorkerPlatform } from '../platform.ts';
import { isErrno, onDisk } from './disk.ts';
import { copyTree, isInside } from './file-tree.ts';
import { runGuarded } from './guarded-command.ts';
import { fillHome, openDownloads, pnpmVariables } from './home-directory.ts';
import type { LocalHost } from './local-host.ts';
import { openOutputPipe } from './output-pipe.ts';
import { membersOf, send } from './process-table.ts';
import { NOTHING_SEEN } from './resources/enclosure.ts';
import { attemptEnclosure, removeAttempts } from './resources/sweep-enclosures.ts';
import { markOf, openWorkspaces, type Workspace } from './workspaces.ts';

/** Something that left the guard's group and holds the output may delay the end by this much, and no more. */
const DRAIN_LIMIT_MS = 500;

function enclosureOf({ attempt }: RunRequest, workspace: Workspace): string {
  return attemptEnclosure(attempt.deploymentId, basename(workspace.path));
}

export function openLocalWorker(host: LocalHost): WorkerPlatform {
  const { snapshots, toolchains } = host;
  const workspaces = openWorkspaces(join(host.dataDir, 'workspaces'));

  /** Commands in turn; the first that fails, or null. */
  async function runCommands(
    request: RunRequest,
    workspace: Workspace,
    tree: string,
    signal: AbortSignal,
  ): Promise<Extract<RunEnd, { end: 'failed' }> | null> {
    const bare = await host.guard();
    const resources = await host.resources();
    const name = enclosureOf(request, workspace);
    const { prefix } = await resources.enclose(name, request.limits, { whole: true });
    const guard = { ...bare, prefix: [...prefix, ...bare.prefix] };
    const { path } = await toolchains.resolve(request.toolchain, { signal, onOutput: request.onOutput });
    const own = join(workspace.path, 'downloads');
    await fillHome(workspace.home, await openDownloads(host.caches, request.downloads, own, signal));
    const directory = join(tree, request.root);
    // Layers that show little may not show it.
    await mkdir(directory, { recursive: true });
    const env = {
      ...host.commandVariables,
      TMPDIR: workspace.temporary,
      ...request.env,
      ...pnpmVariables(request.toolchain),
      PATH: path,
      HOME: workspace.home,
    };
    const unwatch = resources.watch(name, {
      limits: request.limits,
      members: () => membersOf(null, markOf(workspace)),
      kill: (pids) => pids.forEach((pid) => send(pid, 'SIGKILL')),
    });
    const output = await openOutputPipe(join(workspace.path, 'output'), request.onOutput);
    try {
      for (const command of request.commands) {
        if (signal.aborted) break;
        const exit = await runGuarded({
          guard,
          command,
          directory,
          env,
          mark: markOf(workspace),
          output: output.writeEnd,
          signal,
        });
        if (exit.code !== 0) return { end: 'failed', exit, command };
      }
      return null;
    } finally {
      unwatch();
      await output.drain(DRAIN_LIMIT_MS);
    }
  }

  async function run(request: RunRequest): Promise<RunAnswer> {
    let seen = NOTHING_SEEN;
    const end = await runToEnd(request, (memory) => {
      seen = memory;
    });
    return { ...end, ...seen };
  }

  async function runToEnd(request: RunRequest, onSeen: (memory: MemorySeen) => void): Promise<RunEnd> {
    if (!isInside(request.root))
      throw new SwitchyardError(
        'invalid-settings',
        `The root ${request.root} is not a directory inside the repository.`,
      );
    const limit = AbortSignal.timeout(request.timeLimitMs);
    const signal = AbortSignal.any([request.signal, limit]);
    const stopped = (): RunEnd | null =>
      request.signal.aborted ? { end: 'aborted' } : limit.aborted ? { end: 'timed-out' } : null;
    if (signal.aborted) return { end: 'aborted' };
    return await onDisk('running a stage’s commands', async () => {
      const layers = [];
      for (const { snapshot, only } of request.layers) {
        layers.push({ tree: await snapshots.treeOf(snapshot), ...(only === undefined ? {} : { only }) });
      }
      const workspace = await workspaces.open(request.attempt);
      try {
        const assembled = await host.assembly.assemble(layers, workspace.tree, signal);
        const failed = await runCommands(request, workspace, assembled.directory, signal);
        const stop = stopped();
        if (stop !== null) return stop;
        if (failed !== null) return failed;
        const { publish, toolchain } = request;
        if (publish === null) return { end: 'succeeded', snapshot: null };
        return {
          end: 'succeeded',
          snapshot: await snapshots.publish(publish, toolchain, (tree) => assembled.keep(tree)),
        };
      } catch (error) {
        const stop = stopped();
        if (stop !== null) return stop;
        throw error;
      } finally {
        const resources = await host.resources();
        const name = enclosureOf(request, workspace);
        onSeen(await resources.seen(name));
        await resources.remove(name);
        await workspaces.remove(workspace);
      }
    });
  }

  return {
    find: (key) => snapshots.find(key),
    run,
    async importTree({ attempt, directory, publish }) {
      return await onDisk('importing a directory', async () => {
        const workspace = await workspaces.open(attempt);
        try {
          await copyTree(directory, workspace.tree, { without: ['.git'] });
          return await snapshots.publish(publish, null, (tree) => rename(workspace.tree, tree));
        } finally {
          await workspaces.remove(workspace);
        }
      });
    },
    async prepare(toolchain, options) {
      const { description, target } = await toolchains.resolve(toolchain, options);
      return { description, target };
    },
    async makeRelease({ build }) {
      await snapshots.treeOf(build);
      return build;
    },
    async exists(snapshot, path) {
      const tree = await snapshots.treeOf(snapshot);
      if (!isInside(path)) return false;
      try {
        await lstat(join(tree, path));
        return true;
      } catch (error) {
        if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
        throw error;
      }
    },
    async discardAttempts(deploymentId, belowToken) {
      await removeAttempts(await host.resources(), deploymentId, belowToken);
      await workspaces.discard(deploymentId, belowToken);
    },
    listWorkspaces: () => workspaces.list(),
    listSnapshots: () => snapshots.list(),
    removeSnapshot: (key, unless) => snapshots.remove(key, unless),
  };
}

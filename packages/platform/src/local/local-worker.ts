import { basename, join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import type { MemorySeen, RunAnswer, RunEnd, RunRequest, WorkerPlatform } from '../platform.ts';
import type { AppUser } from './app-user.ts';
import { onDisk } from './disk.ts';
import { copyTree, giveFiles, giveTree, isInside } from './file-tree.ts';
import { runGuarded } from './guarded-command.ts';
import { fillHome, giveDownloads, pnpmVariables } from './home-directory.ts';
import { holdFor } from './layers.ts';
import type { LocalHost } from './local-host.ts';
import { openOutputPipe } from './output-pipe.ts';
import { membersOf, send } from './process-table.ts';
import { NOTHING_SEEN } from './resources/enclosure.ts';
import { attemptEnclosure, removeAttempts } from './resources/sweep-enclosures.ts';
import { snapshotGone } from './snapshot-store.ts';
import type { AssembledTree, PlacedLayer } from './tree-assembly.ts';
import { markOf, openWorkspaces, type Workspace } from './workspaces.ts';

/** Something that left the guard's group and holds the output may delay the end by this much, and no more. */
const DRAIN_LIMIT_MS = 500;

function enclosureOf({ attempt }: RunRequest, workspace: Workspace): string {
  return attemptEnclosure(attempt.deploymentId, basename(workspace.path));
}

export function openLocalWorker(host: LocalHost): WorkerPlatform {
  const { snapshots, toolchains } = host;
  const workspaces = openWorkspaces(join(host.dataDir, 'workspaces'), host.layers);

  /** Commands in turn; the first that fails, or null. */
  async function runCommands(
    request: RunRequest,
    workspace: Workspace,
    tree: AssembledTree,
    user: AppUser | null,
    caches: string,
    signal: AbortSignal,
  ): Promise<Extract<RunEnd, { end: 'failed' }> | null> {
    const resources = await host.resources();
    const name = enclosureOf(request, workspace);
    const { prefix } = await resources.enclose(name, request.limits, { whole: true });
    const { path } = await toolchains.resolve(request.toolchain, { signal, onOutput: request.onOutput });
    await fillHome(workspace.home, caches);
    if (user !== null) {
      for (const path of [workspace.home, workspace.temporary]) await giveFiles(path, user);
      await giveDownloads(caches, user);
    }
    // Layers that show little may not show it.
    if (!(await tree.hasDirectory(request.root))) await tree.makeDirectory(request.root);
    const env = {
      ...host.commandVariables,
      TMPDIR: workspace.temporary,
      ...request.env,
      ...pnpmVariables(request.toolchain),
      PATH: path,
      HOME: workspace.home,
    };
    const output = await openOutputPipe(join(workspace.path, 'output'), user, request.onOutput);
    const unwatch = resources.watch(name, {
      limits: request.limits,
      members: () => membersOf(null, markOf(workspace)),
      kill: (pids) => pids.forEach((pid) => send(pid, 'SIGKILL')),
    });
    try {
      for (const command of request.commands) {
        if (signal.aborted) break;
        const entrance = await tree.entrance(request.root);
        const exit = await runGuarded({
          entrance: { ...entrance, prefix: [...prefix, ...entrance.prefix] },
          command,
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
      const user = await host.userOf(request.attempt.appId);
      const layers: PlacedLayer[] = [];
      for (const { snapshot, only } of request.layers) {
        layers.push({ stack: await snapshots.stackOf(snapshot, user), ...(only === undefined ? {} : { only }) });
      }
      const workspace = await workspaces.open(request.attempt);
      try {
        const { home, temporary } = workspace;
        const ids = layers.flatMap(({ stack }) => stack.ids);
        if (!(await holdFor(host.layers, workspace.path, workspace.holder, ids)))
          throw snapshotGone(...request.layers.map(({ snapshot }) => snapshot));
        const own = join(workspace.path, 'downloads');
        const caches = await host.openDownloads(request.downloads, { own, user, signal });
        const shown = host.shown({ home, temporary, caches });
        const assembly = await host.assembly();
        const assembled = await assembly.assemble({ layers, place: workspace.path, user, shown, signal });
        const failed = await runCommands(request, workspace, assembled, user, caches, signal);
        const stop = stopped();
        if (stop !== null) return stop;
        if (failed !== null) return failed;
        const { publish, toolchain } = request;
        if (publish === null) return { end: 'succeeded', snapshot: null };
        return {
          end: 'succeeded',
          snapshot: await snapshots.publish(publish, { toolchain, user }, assembled.kept()),
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
        const user = await host.userOf(attempt.appId);
        const workspace = await workspaces.open(attempt);
        try {
          const top = join(workspace.path, 'tree');
          await copyTree(directory, top, { without: ['.git'] });
          if (user !== null) await giveTree(top, user);
          return await snapshots.publish(publish, { toolchain: null, user }, { below: [], top, plain: true });
        } finally {
          await workspaces.remove(workspace);
        }
      });
    },
    async prepare(toolchain, options) {
      const { description, target } = await toolchains.resolve(toolchain, options);
      return { description, target };
    },
    async makeRelease({ attempt, build }) {
      await snapshots.stackOf(build, await host.userOf(attempt.appId));
      return build;
    },
    async exists(snapshot, path) {
      const { trees } = await snapshots.stackOf(snapshot, null);
      return isInside(path) && (await host.isInStack(trees, path));
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

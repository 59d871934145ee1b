import { randomBytes } from 'node:crypto';
import { mkdir, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DeploymentId, StageName } from '@switchyard/domain';
import type { AttemptRef } from '../platform.ts';
import { isErrno } from './disk.ts';
import { removeTree } from './file-tree.ts';
import { type LayerStore, layersHeldBy } from './layers.ts';
import { namesIn } from './leftovers.ts';
import { isAlive, membersOf, processEntry, send } from './process-table.ts';

/** `<data>/workspaces/<deployment>/<stage>-<token>/`: what one run of one attempt needs, and nothing that outlives it. */
export interface Workspace {
  readonly path: string;
  /** By this name it holds layers. */
  readonly holder: string;
  readonly home: string;
  readonly temporary: string;
}

function workspaceAt(path: string): Workspace {
  const holder = `workspace-${basename(dirname(path))}-${basename(path)}`;
  return { path, holder, home: join(path, 'home'), temporary: join(path, 'tmp') };
}

/** In the environment of every process of the workspace, and of no other. */
export function markOf(workspace: Workspace): string {
  return `HOME=${workspace.home}`;
}

const NAME = /^([a-z]+)-(\d+)(?:-[0-9a-f]+)?$/;

/** Kills what belongs to a workspace and resolves when it is gone. For runs whose own guard is not at hand. */
async function endProcessesOf(workspace: Workspace): Promise<void> {
  for (;;) {
    const members = membersOf(null, markOf(workspace)).flatMap((pid) => processEntry(pid) ?? []);
    if (members.length === 0) return;
    for (const { pid } of members) send(pid, 'SIGKILL');
    while (members.some(({ pid, startedAt }) => isAlive(pid, startedAt))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

export interface Workspaces {
  open(attempt: AttemptRef): Promise<Workspace>;
  remove(workspace: Workspace): Promise<void>;
  discard(deploymentId: string, belowToken: number): Promise<void>;
  list(): Promise<{ deploymentId: string; createdAt: number }[]>;
  /** Names by which workspaces hold layers now. */
  holders(): Promise<string[]>;
}

export function openWorkspaces(directory: string, layers: LayerStore): Workspaces {
  async function removeOne(workspace: Workspace): Promise<void> {
    await layers.release(await layersHeldBy(workspace.path), workspace.holder);
    await removeTree(workspace.path);
  }

  async function removeEmpty(path: string): Promise<void> {
    try {
      await rmdir(path);
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) throw error;
    }
  }

  return {
    /** Two runs of one attempt may be open at once: the name ends in something random. */
    async open(attempt) {
      const parent = join(directory, DeploymentId.parse(attempt.deploymentId));
      const name = `${StageName.parse(attempt.stage)}-${Math.trunc(attempt.token)}-${randomBytes(3).toString('hex')}`;
      const workspace = workspaceAt(join(parent, name));
      await mkdir(workspace.home, { recursive: true, mode: 0o700 });
      await mkdir(workspace.temporary);
      return workspace;
    },
    async remove(workspace) {
      await removeOne(workspace);
      await removeEmpty(join(workspace.path, '..'));
    },
    async discard(deploymentId, belowToken) {
      const parent = join(directory, DeploymentId.parse(deploymentId));
      for (const name of await namesIn(parent)) {
        const token = NAME.exec(name)?.[2];
        if (token === undefined || Number(token) >= belowToken) continue;
        const workspace = workspaceAt(join(parent, name));
        await endProcessesOf(workspace);
        await removeOne(workspace);
      }
      await removeEmpty(parent);
    },
    async list() {
      const found = [];
      for (const deploymentId of await namesIn(directory)) {
        if (!DeploymentId.safeParse(deploymentId).success) continue;
        try {
          found.push({ deploymentId, createdAt: (await stat(join(directory, deploymentId))).mtimeMs });
        } catch (error) {
          if (!isErrno(error, 'ENOENT')) throw error;
        }
      }
      return found.sort((one, other) => one.createdAt - other.createdAt);
    },
    async holders() {
      const parents = await namesIn(directory);
      const names = await Promise.all(
        parents.map(async (parent) =>
          (await namesIn(join(directory, parent))).map((name) => workspaceAt(join(directory, parent, name)).holder),
        ),
      );
      return names.flat();
    },
  };
}

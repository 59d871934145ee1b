import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstanceId, LIMITS, OneOffId, ResourceLimits } from '@switchyard/domain';
import { z } from 'zod';
import type { Exit } from '../platform.ts';
import { isErrno } from './disk.ts';
import { shellExit } from './exit.ts';
import { removeTree } from './file-tree.ts';
import { type LayerStore, layersHeldBy } from './layers.ts';
import { namesIn } from './leftovers.ts';
import { bootId, isAlive } from './process-table.ts';

export type RunId = InstanceId | OneOffId;
export const RunId = z.union([InstanceId, OneOffId]);

/** `spec.json`: what a later runner has to know. No variables: they may be secret. */
const Spec = z.object({
  v: z.literal(1),
  id: RunId,
  farmId: z.string(),
  epoch: z.int(),
  /** The port it was told; null for a one-off. */
  port: z.int().nullable(),
  bootId: z.string(),
  startedAt: z.number(),
  limits: ResourceLimits.default(LIMITS.runResources),
  labels: z.record(z.string(), z.string()),
});
export type Spec = z.infer<typeof Spec>;

/** What the files of an instance or one-off say, together with the process table. */
export interface RunState {
  readonly spec: Spec;
  readonly running: boolean;
  /** The shim's. */
  readonly pid: number | null;
  readonly exit: Exit | null;
  readonly timedOut: boolean;
}

interface Started {
  readonly spec: Spec;
  readonly pid: number | null;
  readonly startedAt: string;
}

/** `<data>/instances/<id>/` and `<data>/oneoffs/<id>/`. */
export interface RunDirectories {
  /** Of this run of the kernel. */
  readonly bootId: string;
  pathOf(id: RunId): string;
  /** Written before the shim starts, so that a runner that dies in between leaves nothing unknown. */
  writeSpec(spec: Spec): Promise<void>;
  /** null where there is none. */
  read(id: RunId): Promise<RunState | null>;
  list(): Promise<RunState[]>;
  remove(id: RunId): Promise<void>;
  /** Names by which instances and one-offs hold layers now. */
  holders(): Promise<string[]>;
}

/** By this name one holds the layers that it stands on. */
export const holderOf = (id: RunId): string => `instance-${id}`;

async function text(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

export function openRunDirectories(dataDir: string, layers: LayerStore): RunDirectories {
  const instances = join(dataDir, 'instances');
  const oneOffs = join(dataDir, 'oneoffs');
  const boot = bootId();
  const pathOf = (id: RunId) => join(InstanceId.safeParse(id).success ? instances : oneOffs, RunId.parse(id));

  /** What does not change once the shim has said that it runs. Looked at every second for each instance, so read once. */
  const started = new Map<RunId, Started>();

  async function readStarted(id: RunId): Promise<Started | null> {
    const known = started.get(id);
    if (known !== undefined) return known;
    const path = pathOf(id);
    const specText = await text(join(path, 'spec.json'));
    if (specText === null) return null;
    const [pid, startedAt = ''] = (await text(join(path, 'pid')))?.trim().split(' ') ?? [];
    const found = { spec: Spec.parse(JSON.parse(specText)), pid: pid === undefined ? null : Number(pid), startedAt };
    if (found.pid !== null) started.set(id, found);
    return found;
  }

  async function read(id: RunId): Promise<RunState | null> {
    const found = await readStarted(id);
    if (found === null) return null;
    const { spec, pid, startedAt } = found;
    const path = pathOf(id);
    const alive = pid !== null && spec.bootId === boot && isAlive(pid, startedAt);
    // After the process table: a shim writes this and then ends. A line without its end is being written.
    const written = await text(join(path, 'exit'));
    const status = written?.endsWith('\n') ? written : null;
    if (alive && status === null) return { spec, running: true, pid, exit: null, timedOut: false };
    if (!(await exists(path))) {
      started.delete(id);
      return null;
    }
    return {
      spec,
      running: false,
      pid,
      exit: status === null ? null : shellExit(Number.parseInt(status, 10)),
      timedOut: await exists(join(path, 'timed-out')),
    };
  }

  return {
    bootId: boot,
    pathOf,
    read,
    async writeSpec(spec) {
      const path = pathOf(spec.id);
      await mkdir(path, { recursive: true, mode: 0o700 });
      await writeFile(join(path, 'spec.new'), `${JSON.stringify(spec)}\n`);
      await rename(join(path, 'spec.new'), join(path, 'spec.json'));
    },
    async list() {
      const names = (await Promise.all([instances, oneOffs].map(namesIn))).flat();
      const ids = names.flatMap((name) => RunId.safeParse(name).data ?? []);
      return (await Promise.all(ids.map(read))).filter((state) => state !== null);
    },
    async remove(id) {
      started.delete(id);
      const removing = join(pathOf(id), '..', `.removing-${randomBytes(6).toString('hex')}`);
      try {
        await rename(pathOf(id), removing);
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return;
        throw error;
      }
      await layers.release(await layersHeldBy(removing), holderOf(id));
      await removeTree(removing);
    },
    async holders() {
      const names = (await Promise.all([instances, oneOffs].map(namesIn))).flat();
      return names.flatMap((name) => RunId.safeParse(name).data ?? []).map(holderOf);
    },
  };
}

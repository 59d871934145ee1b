import { z } from 'zod';
import { closedObject } from './closed-object.ts';
import { LIMITS } from './limits.ts';

/** What one command or instance may use: memory, CPUs and processes of all its processes together, open files of each. */
export const ResourceLimits = z.object({
  memoryBytes: z.int().positive(),
  /** Of processor time, in processors: `1.5` is one and a half. null: as many as there are. */
  cpus: z.number().positive().nullable(),
  processes: z.int().positive(),
  openFiles: z.int().positive(),
});
export type ResourceLimits = z.infer<typeof ResourceLimits>;

/** What an app asks for; the rest is the farm's default. */
export const ResourceWish = closedObject({
  memoryMiB: z
    .int()
    .min(64)
    .max(LIMITS.maxResources.memoryBytes / 1024 ** 2)
    .optional()
    .meta({ description: 'Memory of all its processes together, in MiB; beyond it they are ended.' }),
  cpus: z
    .number()
    .min(0.1)
    .max(LIMITS.maxResources.cpus)
    .optional()
    .meta({ description: 'Processor time, in processors; beyond it they are slowed down.' }),
  processes: z
    .int()
    .min(16)
    .max(LIMITS.maxResources.processes)
    .optional()
    .meta({ description: 'Processes and threads at once; beyond it no new one starts.' }),
  openFiles: z
    .int()
    .min(64)
    .max(LIMITS.maxResources.openFiles)
    .optional()
    .meta({ description: 'Open files of each process.' }),
});
export type ResourceWish = z.infer<typeof ResourceWish>;

/** `build`: each command of install, build and migrate. `run`: each instance. */
export const AppLimits = closedObject({
  build: ResourceWish.optional().meta({ description: 'Of each command of install, build and migrate.' }),
  run: ResourceWish.optional().meta({ description: 'Of each instance.' }),
});
export type AppLimits = z.infer<typeof AppLimits>;

/** What the operator lets an app ask for at most. null: as much as the file's own bounds allow. */
export interface ResourceMaxima {
  readonly memoryBytes: number | null;
  readonly cpus: number | null;
  readonly processes: number | null;
  readonly openFiles: number | null;
}

export const NO_MAXIMA: ResourceMaxima = { memoryBytes: null, cpus: null, processes: null, openFiles: null };

export interface ResourceDecision {
  readonly limits: ResourceLimits;
  /** For people: each wish that is above the operator's maximum, and what it became. */
  readonly cut: readonly string[];
}

/** The limits of a start: the app's wish, else the default, never above the operator's maximum. */
export function decideLimits(
  wish: ResourceWish | undefined,
  fallback: ResourceLimits,
  maxima: ResourceMaxima,
): ResourceDecision {
  const cut: string[] = [];
  const least = (name: string, asked: number | undefined, most: number | null, show: (value: number) => string) => {
    if (asked === undefined || most === null || asked <= most) return asked;
    cut.push(`${name}: ${show(asked)} is above this farm's maximum; ${show(most)} it is`);
    return most;
  };
  const bound = (value: number, most: number | null) => (most === null ? value : Math.min(value, most));
  const { memoryMiB, cpus, processes, openFiles } = wish ?? {};
  const memoryBytes = memoryMiB === undefined ? undefined : memoryMiB * 1024 ** 2;
  return {
    limits: {
      memoryBytes:
        least('memory', memoryBytes, maxima.memoryBytes, formatBytes) ??
        bound(fallback.memoryBytes, maxima.memoryBytes),
      cpus:
        least('cpus', cpus, maxima.cpus, String) ??
        (fallback.cpus === null ? maxima.cpus : bound(fallback.cpus, maxima.cpus)),
      processes: least('processes', processes, maxima.processes, String) ?? bound(fallback.processes, maxima.processes),
      openFiles:
        least('open files', openFiles, maxima.openFiles, String) ?? bound(fallback.openFiles, maxima.openFiles),
    },
    cut,
  };
}

/** `412 MiB`, `4 GiB`, `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  const inGiB = bytes / 1024 ** 3;
  if (inGiB >= 1) return `${Math.round(inGiB * 10) / 10} GiB`;
  const inMiB = bytes / 1024 ** 2;
  return `${inMiB >= 10 ? Math.round(inMiB) : Math.round(inMiB * 10) / 10} MiB`;
}

/** How much memory something took, as it was seen. */
export const MemoryUse = z
  .object({
    /** The most that all its processes held at one time, files in the kernel's cache included; null where that can't be seen. */
    peakMemoryBytes: z.int().nonnegative().nullable(),
    /** A process of it was ended because the memory limit was reached. */
    outOfMemory: z.boolean(),
    memoryLimitBytes: z.int().positive(),
  })
  .meta({ id: 'MemoryUse' });
export type MemoryUse = z.infer<typeof MemoryUse>;

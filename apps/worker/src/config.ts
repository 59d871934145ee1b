import { cpus } from 'node:os';
import { LIMITS, type ResourceMaxima } from '@switchyard/domain';
import {
  byteSize,
  type ConfigOf,
  type ConfigShape,
  commonConfig,
  count,
  flag,
  platformConfig,
  port,
  privateHostsConfig,
  readConfig,
  secretKeyConfig,
} from '@switchyard/service';
import { z } from 'zod';
import { FAULT_POINTS } from './fault-points.ts';

const maximum = (min: number, max: number) => z.coerce.number().int().min(min).max(max).optional();

export const workerConfig = {
  ...commonConfig,
  ...secretKeyConfig,
  ...privateHostsConfig,
  ...platformConfig,
  SWITCHYARD_WORKER_POOLS: z
    .string()
    .default('light,heavy')
    .transform((text) => text.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(['light', 'heavy'])).min(1))
    .describe(
      'Kinds of stages this worker takes, with commas between: `light`, `heavy` (install and build). Work bound to its host it always takes.',
    ),
  SWITCHYARD_WORKER_CONCURRENCY: count(Math.max(2, cpus().length), { min: 1, max: 256 }).meta({
    description: 'Stages of each kind that this worker runs at once.',
    defaultText: 'as many as there are CPUs, at least 2',
  }),
  SWITCHYARD_MAX_MEMORY_MIB: maximum(64, LIMITS.maxResources.memoryBytes / 1024 ** 2).describe(
    'Memory, in MiB, that a command or instance of an app may have at most, whatever the app asks for.',
  ),
  SWITCHYARD_MAX_CPUS: z.coerce
    .number()
    .min(0.1)
    .max(LIMITS.maxResources.cpus)
    .optional()
    .describe('Processors that a command or instance of an app may have at most; `1.5` is one and a half.'),
  SWITCHYARD_MAX_PROCESSES: maximum(16, LIMITS.maxResources.processes).describe(
    'Processes and threads that a command or instance of an app may have at most.',
  ),
  SWITCHYARD_MAX_OPEN_FILES: maximum(64, LIMITS.maxResources.openFiles).describe(
    'Open files that a process of an app may have at most.',
  ),
  SWITCHYARD_HEAD_CHECK_INTERVAL_S: count(300, { min: 0, max: 86_400 }).describe(
    'Seconds after which the branch of each app with a webhook is looked at again, in case a webhook was missed; 0 never looks.',
  ),
  SWITCHYARD_ROUTER_PORT: port(7080).describe('Port on which deployed apps answer.'),
  SWITCHYARD_ALLOW_FILE_REPOSITORIES: flag(false).describe('Whether `file:` repositories are allowed.'),
  SWITCHYARD_DISK_BUDGET: byteSize.optional().meta({
    description:
      'What snapshots, downloads, toolchains and mirrors of the data directory may take together, in bytes or as in `20GB`; the longest unused goes first.',
    defaultText: 'half of the disk',
  }),
  SWITCHYARD_DISK_RESERVE: byteSize.optional().meta({
    description:
      'What no install or build may leave less of on the disk of the data directory, in bytes or as in `2GB`.',
    defaultText: 'a twentieth of the disk, at most 2 GiB',
  }),
  SWITCHYARD_FAULT_POINT: z
    .string()
    .refine((name) => FAULT_POINTS.includes(name), 'a step and a point, as in `build:ran`')
    .optional()
    .describe('For tests: the worker kills itself when it gets there.'),
} satisfies ConfigShape;

export type WorkerConfig = ConfigOf<typeof workerConfig>;

export function readWorkerConfig(): WorkerConfig {
  return readConfig(workerConfig, process.env);
}

export function resourceMaxima(config: WorkerConfig): ResourceMaxima {
  const { SWITCHYARD_MAX_MEMORY_MIB: memoryMiB } = config;
  return {
    memoryBytes: memoryMiB === undefined ? null : memoryMiB * 1024 ** 2,
    cpus: config.SWITCHYARD_MAX_CPUS ?? null,
    processes: config.SWITCHYARD_MAX_PROCESSES ?? null,
    openFiles: config.SWITCHYARD_MAX_OPEN_FILES ?? null,
  };
}

import { cpus } from 'node:os';
import {
  type ConfigOf,
  type ConfigShape,
  commonConfig,
  count,
  flag,
  platformConfig,
  port,
  readConfig,
  secretKeyConfig,
} from '@switchyard/service';
import { z } from 'zod';

export const workerConfig = {
  ...commonConfig,
  ...secretKeyConfig,
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
  SWITCHYARD_ROUTER_PORT: port(7080).describe('Port on which deployed apps answer.'),
  SWITCHYARD_ALLOW_FILE_REPOSITORIES: flag(false).describe('Whether `file:` repositories are allowed.'),
  SWITCHYARD_FAULT_POINT: z
    .string()
    .regex(/^[a-z]+:[a-z-]+$/, 'a step and a point, as in `build:ran`')
    .optional()
    .describe('For tests: the worker kills itself when it gets there.'),
} satisfies ConfigShape;

export type WorkerConfig = ConfigOf<typeof workerConfig>;

export function readWorkerConfig(): WorkerConfig {
  return readConfig(workerConfig, process.env);
}

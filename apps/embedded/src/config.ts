import { type ConfigOf, type ConfigShape, commonConfig, flag, port, readConfig } from '@switchyard/service';
import { z } from 'zod';

const fixedPort = (fallback: number) => port(fallback).refine((value) => value > 0, 'a port number, 1 to 65535');

/** What `npm start` itself reads; everything else in the environment reaches the processes it starts as it is. */
export const embeddedConfig = {
  REDIS_URL: commonConfig.REDIS_URL.optional().describe('A Redis to use; without it a private one is started.'),
  SWITCHYARD_DATA_DIR: commonConfig.SWITCHYARD_DATA_DIR,
  SWITCHYARD_LOG_LEVEL: commonConfig.SWITCHYARD_LOG_LEVEL,
  SWITCHYARD_API_PORT: fixedPort(7070).describe('Port of the api and the dashboard.'),
  SWITCHYARD_ROUTER_PORT: fixedPort(7080).describe(
    'Port on which the router takes visitors’ requests; part of every app’s URL.',
  ),
  SWITCHYARD_LISTEN_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address on which the api and the router listen; `0.0.0.0` for all.'),
  SWITCHYARD_PLATFORM: z.enum(['local', 'docker']).default('local').describe('Where stages and apps run.'),
  SWITCHYARD_EXAMPLE: flag(true).describe('Whether the first start deploys an example.'),
  SWITCHYARD_ADMIN_TOKEN_FILE: z
    .string()
    .optional()
    .describe('File of the admin token; `admin-token` in the data directory when unset.'),
} satisfies ConfigShape;

export type EmbeddedConfig = ConfigOf<typeof embeddedConfig>;
export type Environment = Readonly<Record<string, string | undefined>>;

export function readEmbeddedConfig(): { config: EmbeddedConfig; environment: Environment } {
  return { config: readConfig(embeddedConfig, process.env), environment: process.env };
}

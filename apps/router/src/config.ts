import { type ConfigOf, type ConfigShape, commonConfig, port, readConfig } from '@switchyard/service';
import { z } from 'zod';

export const routerConfig = {
  ...commonConfig,
  SWITCHYARD_ROUTER_PORT: port(7080).describe('Port on which deployed apps answer.'),
  SWITCHYARD_LISTEN_HOST: z.string().default('127.0.0.1').describe('Address on which visitors are served.'),
  SWITCHYARD_KEY_PREFIX: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,40}$/, 'letters, digits and hyphens')
    .default('switchyard')
    .describe('Put before every key in Redis, so that several farms can share one.'),
} satisfies ConfigShape;

export type RouterConfig = ConfigOf<typeof routerConfig>;

export function readRouterConfig(): RouterConfig {
  return readConfig(routerConfig, process.env);
}

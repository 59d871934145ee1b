import { type ConfigOf, type ConfigShape, commonConfig, port, readConfig } from '@switchyard/service';
import { z } from 'zod';

export const routerConfig = {
  ...commonConfig,
  SWITCHYARD_ROUTER_PORT: port(7080).describe('Port on which deployed apps answer.'),
  SWITCHYARD_LISTEN_HOST: z.string().default('127.0.0.1').describe('Address on which visitors are served.'),
} satisfies ConfigShape;

export type RouterConfig = ConfigOf<typeof routerConfig>;

export function readRouterConfig(): RouterConfig {
  return readConfig(routerConfig, process.env);
}

import { type ConfigOf, commonConfig, flag, port, readConfig, secretKeyConfig } from '@switchyard/service';
import { z } from 'zod';

const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'a domain name in lower-case letters');

export const apiConfig = {
  ...commonConfig,
  ...secretKeyConfig,
  SWITCHYARD_API_PORT: port(7_070).describe('Port of the api and the dashboard.'),
  SWITCHYARD_LISTEN_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address on which the api and the router listen; `0.0.0.0` for all.'),
  SWITCHYARD_ROUTER_PORT: port(7_080).describe(
    'Port on which the router takes visitors’ requests; part of every app’s URL.',
  ),
  SWITCHYARD_PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .describe('Where people reach the api and the dashboard; `http://localhost:<api port>` when unset.'),
  SWITCHYARD_APPS_DOMAIN: hostName
    .default('localhost')
    .describe('Domain below which apps answer: `http://<app>.<domain>`.'),
  SWITCHYARD_ADMIN_TOKEN_FILE: z
    .string()
    .optional()
    .describe('File with the admin token; made when missing. `<data directory>/admin-token` when unset.'),
  SWITCHYARD_ALLOW_FILE_REPOSITORIES: flag(false).describe(
    'Whether repositories may be directories of this machine (`/path`, `file:///path`): 0 or 1.',
  ),
};

export type ApiConfig = ConfigOf<typeof apiConfig>;

export function readApiConfig(environment: Readonly<Record<string, string | undefined>> = process.env): ApiConfig {
  return readConfig(apiConfig, environment);
}

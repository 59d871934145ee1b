import { isIP } from 'node:net';
import {
  type ConfigOf,
  commonConfig,
  flag,
  port,
  privateHostsConfig,
  readConfig,
  secretKeyConfig,
} from '@switchyard/service';
import { z } from 'zod';

const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'a domain name in lower-case letters');

/** `192.0.2.53`, `192.0.2.53:53`, `2001:db8::53`, `[2001:db8::53]:53` */
function isDnsServer(text: string): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d{1,5})?|(\d+\.\d+\.\d+\.\d+)(?::\d{1,5})?)$/.exec(text) ?? [];
  return isIP(bracketed ?? plain ?? text) !== 0;
}

export const apiConfig = {
  ...commonConfig,
  ...secretKeyConfig,
  ...privateHostsConfig,
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
  SWITCHYARD_DNS_SERVERS: z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((server) => (server.trim() === '' ? [] : [server.trim()])))
    .refine((servers) => servers.every(isDnsServer), 'addresses with commas between: `192.0.2.53,[2001:db8::53]:5353`')
    .describe(
      'DNS servers that are asked when a host is verified, as addresses with or without a port; those of the machine when unset.',
    ),
  SWITCHYARD_VERIFICATION_PORT: port(80)
    .refine((value) => value > 0, 'a port number, 1 to 65535')
    .describe(
      'Port on which a host is asked for the file that proves it. Beyond 1023 any user of a machine that the host leads to may answer.',
    ),
  SWITCHYARD_TLS_ASK_PORT: port(0)
    .optional()
    .describe(
      'Port on which Caddy asks, without a token, whether a host is ours (`/v1/tls/ask?domain=`); not served when unset, any free one with 0.',
    ),
  SWITCHYARD_TLS_ASK_HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address on which that is answered; visitors need not reach it.'),
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

import { resolve } from 'node:path';
import { z } from 'zod';
import type { ConfigOf, ConfigShape } from './config.ts';

const proxy = z.string().optional().describe('Proxy for Git, toolchains and stage commands.');

/** Settings of the processes that let work run: worker and runner. */
export const platformConfig = {
  SWITCHYARD_PLATFORM: z.enum(['local', 'docker']).default('local').describe('Where stages and apps run.'),
  SWITCHYARD_DOCKER_NETWORK: z.string().optional().describe('Docker network that instances join.'),
  SWITCHYARD_EXTRA_CA_CERTS: z
    .string()
    .optional()
    .describe('File with certificates that toolchains, stage commands and apps trust besides the usual ones.'),
  NODE_EXTRA_CA_CERTS: z
    .string()
    .optional()
    .describe("Node's own setting; stands in for SWITCHYARD_EXTRA_CA_CERTS where that is not set."),
  HTTPS_PROXY: proxy,
  HTTP_PROXY: proxy,
  NO_PROXY: z.string().optional().describe('Hosts that are reached without the proxy.'),
} satisfies ConfigShape;

/** The same as `PlatformOptions` wants it. */
export function platformSettings(config: ConfigOf<typeof platformConfig>): {
  kind: 'local' | 'docker';
  dockerNetwork: string | null;
  extraCaCerts: string | null;
  proxyVariables: Readonly<Record<string, string>>;
} {
  const certificates = config.SWITCHYARD_EXTRA_CA_CERTS ?? config.NODE_EXTRA_CA_CERTS;
  const proxies = (['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const).flatMap((name) => {
    const value = config[name];
    // Tools disagree on the spelling: curl reads the lower one, npm both.
    return value === undefined ? [] : [[name, value] as const, [name.toLowerCase(), value] as const];
  });
  return {
    kind: config.SWITCHYARD_PLATFORM,
    dockerNetwork: config.SWITCHYARD_DOCKER_NETWORK ?? null,
    extraCaCerts: certificates === undefined ? null : resolve(certificates),
    proxyVariables: Object.fromEntries(proxies),
  };
}

import { z } from 'zod';
import type { ConfigShape } from './config.ts';

const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+)$/;

const privateHosts = z
  .string()
  .default('0')
  .transform((text) =>
    text
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((host) => host !== ''),
  )
  .refine((hosts) => hosts.every((host) => HOST.test(host)), '0, 1, or names or addresses of hosts with commas between')
  .transform((hosts): 'all' | string[] => (hosts.join() === '1' ? 'all' : hosts.filter((host) => host !== '0')));

/** Settings of the processes that fetch what users name: the worker its repositories, the api the file that proves a host. */
export const privateHostsConfig = {
  SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES: privateHosts.describe(
    'Whether repositories may be on hosts with private addresses: 0, 1, or the hosts that may, with commas between. What a repository redirects or points to is held to the same, and so is a host that is asked for its verification file.',
  ),
} satisfies ConfigShape;

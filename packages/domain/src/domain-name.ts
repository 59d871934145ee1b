import { z } from 'zod';
import { AppId, EnvironmentId, TeamId } from './ids.ts';
import { LIMITS } from './limits.ts';

/** A host that an app of the farm has claimed. It is served once it is verified. */
export const Domain = z.object({
  v: z.literal(1),
  /** In lower case, in ASCII (`xn--…`), without a dot at its end. */
  host: z.string(),
  teamId: TeamId,
  appId: AppId,
  environmentId: EnvironmentId,
  /** What the DNS record or the file has to hold. Not secret: whoever can put it there is who may have the host. */
  token: z.string(),
  createdAt: z.int().nonnegative(),
  verifiedAt: z.int().nonnegative().nullable(),
});
export type Domain = z.infer<typeof Domain>;

/** Below this name is the DNS record that proves a host. */
export const VERIFICATION_LABEL = '_switchyard';

/** Where the file is that proves a host. The router answers it for no app: whoever can deploy one can't prove a host by it. */
export const VERIFICATION_PATH = '/.well-known/switchyard-verification.txt';

export type ParsedDomainName = { readonly host: string } | { readonly problem: string };

/** Suffixes that no public DNS answers for, or that mean something else. */
const RESERVED = ['localhost', 'invalid', 'onion', 'arpa'];
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What a person gave as a host, as the router compares it; or what is wrong with it, as a sentence. */
export function parseDomainName(text: string): ParsedDomainName {
  const given = text.trim();
  if (given.length > LIMITS.maxHostLength * 4)
    return { problem: `A host has ${LIMITS.maxHostLength} characters at most.` };
  if (given.includes('://')) return { problem: 'Give the host alone, without `https://`.' };
  if (given.includes('*')) return { problem: 'Wildcard hosts are not served yet; add each host by itself.' };
  if (/^\[|::/.test(given)) return { problem: IP_PROBLEM };
  if (/:\d*$/.test(given)) return { problem: 'Give the host alone, without a port.' };
  if (/[\s/?#@\\:%]/.test(given)) return { problem: 'Give the host alone, such as shop.example.org.' };
  const host = asciiOf(given);
  if (host === null || host === '')
    return { problem: `${JSON.stringify(given)} is no host, such as shop.example.org.` };
  if (/^[0-9.]+$/.test(host)) return { problem: IP_PROBLEM };
  const labels = host.split('.');
  if (labels.length < 2) return { problem: 'A host has a dot in it, such as shop.example.org.' };
  if (host.length > LIMITS.maxHostLength) return { problem: `A host has ${LIMITS.maxHostLength} characters at most.` };
  if (!labels.every((label) => LABEL.test(label)))
    return { problem: 'Each part of a host has 1 to 63 letters, digits and hyphens, and no hyphen at its ends.' };
  const last = labels.at(-1) ?? '';
  if (RESERVED.includes(last)) return { problem: `Hosts that end in .${last} can't be added.` };
  return { host };
}

const IP_PROBLEM = 'An address is no host; give a name, such as shop.example.org.';

/** As browsers write it: lower case, `xn--` for other scripts, addresses in their one form. null: no URL may have it. */
function asciiOf(text: string): string | null {
  const url = `http://${text}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : null;
}

/** Whose hosts can't be claimed by an app. */
export interface OwnHosts {
  /** Below it are the apps' own hosts. */
  readonly appsDomain: string;
  readonly apiHost: string;
}

/** Why a host is not an app's to claim; null when it may be. */
export function ownHostProblem(host: string, { appsDomain, apiHost }: OwnHosts): string | null {
  if (host === apiHost) return `${host} is where Switchyard itself answers.`;
  if (host === appsDomain || host.endsWith(`.${appsDomain}`))
    return `${appsDomain} is the farm’s own domain: every app answers below it by its name.`;
  return null;
}

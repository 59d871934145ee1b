import { Resolver } from 'node:dns/promises';
import { LIMITS, SwitchyardError } from '@switchyard/domain';

/** All TXT records of a name, each in one piece; none where there is no such name. Rejects with `dns-unavailable`. */
export type LookUpTxt = (name: string) => Promise<string[]>;
/** All addresses of a name, as the DNS has them and no file of this machine. Rejects with `dns-unavailable`. */
export type LookUpAddresses = (name: string) => Promise<string[]>;

const NOTHING_THERE = new Set(['ENODATA', 'ENOTFOUND', 'NXDOMAIN']);

/** Asks these servers (`address` or `address:port`), or those of this machine where none are named. */
export function txtLookup(servers: readonly string[]): LookUpTxt {
  return (name) =>
    ask(servers, name, async (resolver) => (await resolver.resolveTxt(name)).map((pieces) => pieces.join('')));
}

export function addressLookup(servers: readonly string[]): LookUpAddresses {
  return async (name) => {
    const [v4, v6] = await Promise.allSettled([
      ask(servers, name, (resolver) => resolver.resolve4(name)),
      ask(servers, name, (resolver) => resolver.resolve6(name)),
    ]);
    const found = [v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failed = [v4, v6].find((answer) => answer.status === 'rejected');
    if (found.length === 0 && failed !== undefined) throw failed.reason;
    return found;
  };
}

async function ask(
  servers: readonly string[],
  name: string,
  question: (resolver: Resolver) => Promise<string[]>,
): Promise<string[]> {
  const resolver = new Resolver({ timeout: LIMITS.dnsTimeoutMs, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  try {
    return await question(resolver);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (NOTHING_THERE.has(code)) return [];
    throw new SwitchyardError(
      'dns-unavailable',
      `The DNS gave no answer about ${name} (${code}). Try again in a moment.`,
      {},
      error,
    );
  }
}

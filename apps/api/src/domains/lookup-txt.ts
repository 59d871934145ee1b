import { Resolver } from 'node:dns/promises';
import { LIMITS, SwitchyardError } from '@switchyard/domain';

/** All TXT records of a name, each in one piece; none where there is no such name. Rejects with `dns-unavailable`. */
export type LookUpTxt = (name: string) => Promise<string[]>;

const NOTHING_THERE = new Set(['ENODATA', 'ENOTFOUND', 'NXDOMAIN']);

/** Asks these servers (`address` or `address:port`), or those of this machine where none are named. */
export function txtLookup(servers: readonly string[]): LookUpTxt {
  return async (name) => {
    const resolver = new Resolver({ timeout: LIMITS.dnsTimeoutMs, tries: 2 });
    if (servers.length > 0) resolver.setServers(servers);
    try {
      return (await resolver.resolveTxt(name)).map((pieces) => pieces.join(''));
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
  };
}

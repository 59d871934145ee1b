import { createHash } from 'node:crypto';
import { parseRepositoryAddress, type RepositoryAddress, type SourceCredential } from '@switchyard/domain';

/** A repository's address, taken apart. `url` is what Git is told, and never holds a credential. */
export type Address = Exclude<RepositoryAddress, { kind: 'file' }> | { readonly kind: 'file'; readonly url: string };

/** Where Git goes, and what it may show there. */
export interface Remote {
  readonly address: Address;
  readonly credential: SourceCredential | null;
}

/** Rejects with `repository-not-allowed`. The message never repeats the address: it may hold a password. */
export function parseAddress(repository: string, allowFile: boolean): Address {
  const address = parseRepositoryAddress(repository, { allowFile });
  return address.kind === 'file' ? { kind: 'file', url: address.path } : address;
}

/** The credential where it belongs to the address' host; one that was set for another host is not shown to this one. */
export function remoteOf(address: Address, credential: SourceCredential | null | undefined): Remote {
  const isOfHost =
    credential !== null &&
    credential !== undefined &&
    address.kind !== 'file' &&
    credential.host === address.host &&
    (credential.kind === 'token') === (address.kind === 'http');
  return { address, credential: isOfHost ? credential : null };
}

/** For people: short. */
export function shownAddress({ url }: Address): string {
  return url.length > 200 ? `${url.slice(0, 200)}…` : url;
}

/** Names the mirror: one per address. Whoever may not read a repository is told so by its host before the mirror is read. */
export function mirrorName({ url }: Address): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 32);
}

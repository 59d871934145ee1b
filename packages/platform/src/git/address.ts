import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LIMITS, SwitchyardError } from '@switchyard/domain';

/** A repository's address, taken apart. */
export interface Address {
  /** As Git is told: without credentials. */
  readonly url: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
  readonly isFile: boolean;
}

const ALLOWED = new Set(['https:', 'http:', 'ssh:']);
/** `git@host:path`, which is ssh. */
const SCP_LIKE = /^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!\/\/)[^:].*$/;

function refuse(why: string): never {
  throw new SwitchyardError(
    'repository-not-allowed',
    `This repository address can't be used: ${why}. Give an https:// or ssh:// address.`,
  );
}

function fileAddress(path: string, allowFile: boolean): Address {
  if (!allowFile)
    refuse('paths of this machine are allowed only where the operator sets SWITCHYARD_ALLOW_FILE_REPOSITORIES=1');
  return { url: path, credentials: null, isFile: true };
}

/** Rejects with `repository-not-allowed`. The message never repeats the address: it may hold a password. */
export function parseAddress(repository: string, allowFile: boolean): Address {
  if (repository === '' || repository.length > LIMITS.maxRepositoryLength) refuse('it is empty or too long');
  if (/[\p{Cc}\s]/u.test(repository)) refuse('it holds spaces or control characters');
  if (repository.startsWith('-')) refuse('it looks like an option');
  if (repository.includes('::')) refuse('Git’s helper protocols are not allowed');
  if (isAbsolute(repository)) return fileAddress(repository, allowFile);
  if (!repository.includes('://')) {
    if (SCP_LIKE.test(repository)) return { url: repository, credentials: null, isFile: false };
    return refuse('it is neither a URL nor an absolute path');
  }
  let url: URL;
  try {
    url = new URL(repository);
  } catch {
    return refuse('it is not a valid URL');
  }
  if (url.protocol === 'file:') {
    if (url.host !== '' && url.host !== 'localhost') refuse('a file: address names another host');
    return fileAddress(fileURLToPath(url), allowFile);
  }
  if (!ALLOWED.has(url.protocol)) refuse(`${url.protocol} is not a protocol that is allowed`);
  if (url.hostname === '' || url.hostname.startsWith('-')) refuse('it has no valid host');
  if (url.protocol === 'ssh:') {
    if (url.username.startsWith('-') || decodeURIComponent(url.pathname).startsWith('/-'))
      refuse('it looks like an option');
    if (url.password !== '') refuse('ssh takes no password');
    return { url: url.href, credentials: null, isFile: false };
  }
  const credentials =
    url.username === '' && url.password === ''
      ? null
      : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  url.username = '';
  url.password = '';
  return { url: url.href, credentials, isFile: false };
}

/** For people: without user and password, and short. */
export function shownAddress({ url }: Address): string {
  return url.length > 200 ? `${url.slice(0, 200)}…` : url;
}

/** Names the mirror. Other credentials, another mirror: whoever lost access to a repository must not read it from what another fetched. */
export function mirrorName({ url, credentials }: Address): string {
  return createHash('sha256')
    .update(JSON.stringify([url, credentials]))
    .digest('hex')
    .slice(0, 32);
}

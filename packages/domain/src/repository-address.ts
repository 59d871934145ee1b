import { SwitchyardError } from './errors.ts';
import { LIMITS } from './limits.ts';

export type RepositoryKind = 'http' | 'ssh' | 'file';

/** A repository's address, checked and taken apart. */
export type RepositoryAddress =
  /** `host` has the port where the address names one that is not the protocol's own. */
  | { readonly kind: 'http'; readonly url: string; readonly host: string; readonly isEncrypted: boolean }
  | {
      readonly kind: 'ssh';
      readonly url: string;
      readonly host: string;
      readonly hostname: string;
      readonly port: number;
    }
  | { readonly kind: 'file'; readonly path: string };

const SSH_PORT = 22;
// `user@host:path`, as Git forges print it. The user is asked for, so that `C:\path` and `ext::command` are none.
const SCP_FORM = /^[0-9A-Za-z_][0-9A-Za-z_.-]*@([0-9A-Za-z][0-9A-Za-z.-]*):(?![-:])[^:][^:]*$/;
const ALLOWED_FORMS = 'https://host/path, http://host/path, ssh://user@host/path and user@host:path';

function refuse(message: string): never {
  throw new SwitchyardError('repository-not-allowed', message, { errors: [{ path: 'repository', message }] });
}

/**
 * The address, or `repository-not-allowed`: what could be read as an option, other transports than the known ones
 * (`ext::` runs commands), credentials inside the address (they would stand in logs and process lists), and files where the operator has
 * not allowed them. The address is not repeated in the message, since it may hold a secret.
 */
export function parseRepositoryAddress(repository: string, options: { allowFile: boolean }): RepositoryAddress {
  if (repository.length === 0 || repository.length > LIMITS.maxRepositoryLength)
    refuse(`A repository’s address has 1 to ${LIMITS.maxRepositoryLength} characters.`);
  if (repository.startsWith('-')) refuse('A repository’s address can’t start with "-".');
  if (/[\s\p{Cc}\p{Cf}\\]/u.test(repository))
    refuse('A repository’s address can’t hold spaces, line breaks, backslashes or control characters.');
  if (repository.startsWith('/') || /^file:/i.test(repository)) return file(repository, options);
  if (/^https?:\/\//i.test(repository)) return http(repository);
  if (/^ssh:\/\//i.test(repository)) return ssh(repository);
  const host = SCP_FORM.exec(repository)?.[1]?.toLowerCase();
  if (host !== undefined) return { kind: 'ssh', url: repository, host, hostname: host, port: SSH_PORT };
  return refuse(`This kind of repository address is not supported. Use ${ALLOWED_FORMS}.`);
}

/** The same as a check alone. */
export function checkRepositoryAddress(repository: string, options: { allowFile: boolean }): RepositoryKind {
  return parseRepositoryAddress(repository, options).kind;
}

function parse(repository: string): URL {
  if (!URL.canParse(repository)) refuse('The repository’s address is not a valid URL.');
  const url = new URL(repository);
  if (url.search !== '' || url.hash !== '') refuse('A repository’s address has no "?" and no "#".');
  // Git and ssh decode what a URL encodes: what it comes to is held to the same rules.
  const decoded = decodes(repository.replace(/^[^:]+:\/\//, ''));
  if (/[\p{Cc}\p{Cf}\\]|[^\S ]/u.test(decoded))
    refuse('A repository’s address can’t hold line breaks, backslashes or control characters, encoded ones included.');
  return url;
}

function http(repository: string): RepositoryAddress {
  const url = parse(repository);
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/]*@/i.test(repository))
    refuse(
      'A repository’s address can’t hold a user name, password or token: it is shown and logged. Leave the part before "@" out, and give the token as the app’s source credential: `switchyard source token APP -`.',
    );
  if (url.pathname === '/') refuse('The repository’s address names a host only; add the repository’s path.');
  return { kind: 'http', url: url.href, host: url.host, isEncrypted: url.protocol === 'https:' };
}

function ssh(repository: string): RepositoryAddress {
  const url = parse(repository);
  if (url.password !== '')
    refuse(
      'A repository’s address can’t hold a password: it is shown and logged. Use a deploy key: `switchyard source deploy-key APP`.',
    );
  // ssh would take either for an option.
  if (url.hostname.startsWith('-') || decodes(url.username).startsWith('-'))
    refuse('The host and the user of a repository’s address can’t start with "-".');
  if (url.hostname === '') refuse('The repository’s address names no host.');
  if (!/^(?:[0-9A-Za-z][0-9A-Za-z.-]*|\[[0-9A-Fa-f:.]+\])$/.test(url.hostname))
    refuse('The host of a repository’s address is made of letters, digits, dots and hyphens.');
  if (!/^[0-9A-Za-z_.-]*$/.test(url.username))
    refuse('The user of a repository’s address is made of letters, digits, dots, hyphens and underscores.');
  if (url.pathname === '' || url.pathname === '/')
    refuse('The repository’s address names a host only; add the repository’s path.');
  if (decodes(url.pathname).startsWith('/-')) refuse('The path of a repository’s address can’t start with "-".');
  const hostname = url.hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const port = url.port === '' ? SSH_PORT : Number(url.port);
  return { kind: 'ssh', url: url.href, host: url.host.toLowerCase(), hostname, port };
}

function file(repository: string, { allowFile }: { allowFile: boolean }): RepositoryAddress {
  if (!allowFile)
    refuse(
      'Repositories on this machine’s disk are not allowed here. The operator can allow them with SWITCHYARD_ALLOW_FILE_REPOSITORIES=1.',
    );
  if (repository.startsWith('/')) return { kind: 'file', path: repository };
  const { hostname, pathname } = parse(repository);
  if (hostname !== '' || !/^file:\/\/\//i.test(repository))
    refuse('A file address has the form file:///absolute/path.');
  return { kind: 'file', path: decodes(pathname) };
}

function decodes(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('The repository’s address holds a "%" that encodes nothing; write a "%" of its own as %25.');
  }
}

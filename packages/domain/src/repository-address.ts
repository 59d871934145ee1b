import { SwitchyardError } from './errors.ts';
import { LIMITS } from './limits.ts';

export type RepositoryKind = 'http' | 'ssh' | 'file';

// `user@host:path`, as Git forges print it. The user is asked for, so that `C:\path` and `ext::command` are none.
const SCP_FORM = /^[0-9A-Za-z_][0-9A-Za-z_.-]*@[0-9A-Za-z][0-9A-Za-z.-]*:(?![-:])[^:][^:]*$/;
const ALLOWED_FORMS = 'https://host/path, http://host/path, ssh://user@host/path and user@host:path';

function refuse(message: string): never {
  throw new SwitchyardError('repository-not-allowed', message, { errors: [{ path: 'repository', message }] });
}

/**
 * What kind of address this is, or `repository-not-allowed`: what could be read as an option, other transports than the known ones
 * (`ext::` runs commands), credentials inside the address (they would stand in logs and process lists), and files where the operator has
 * not allowed them. The address is not repeated in the message, since it may hold a secret.
 */
export function checkRepositoryAddress(repository: string, options: { allowFile: boolean }): RepositoryKind {
  if (repository.length === 0 || repository.length > LIMITS.maxRepositoryLength)
    refuse(`A repository’s address has 1 to ${LIMITS.maxRepositoryLength} characters.`);
  if (repository.startsWith('-')) refuse('A repository’s address can’t start with "-".');
  if (/[\s\p{Cc}\p{Cf}\\]/u.test(repository))
    refuse('A repository’s address can’t hold spaces, line breaks, backslashes or control characters.');
  if (repository.startsWith('/') || /^file:/i.test(repository)) return checkFile(repository, options);
  if (/^https?:\/\//i.test(repository)) return checkHttp(repository);
  if (/^ssh:\/\//i.test(repository)) return checkSsh(repository);
  if (SCP_FORM.test(repository)) return 'ssh';
  return refuse(`This kind of repository address is not supported. Use ${ALLOWED_FORMS}.`);
}

function parse(repository: string): URL {
  if (!URL.canParse(repository)) refuse('The repository’s address is not a valid URL.');
  const url = new URL(repository);
  if (url.search !== '' || url.hash !== '') refuse('A repository’s address has no "?" and no "#".');
  return url;
}

function checkHttp(repository: string): RepositoryKind {
  const url = parse(repository);
  if (url.username !== '' || url.password !== '')
    refuse(
      'A repository’s address can’t hold a user name, password or token: it is shown and logged. Leave the part before "@" out; private repositories are reached over ssh with a key of the host that Switchyard runs on.',
    );
  if (url.pathname === '/') refuse('The repository’s address names a host only; add the repository’s path.');
  return 'http';
}

function checkSsh(repository: string): RepositoryKind {
  const url = parse(repository);
  if (url.password !== '')
    refuse('A repository’s address can’t hold a password: it is shown and logged. Use an ssh key.');
  // ssh would take either for an option.
  if (url.hostname.startsWith('-') || decodes(url.username).startsWith('-'))
    refuse('The host and the user of a repository’s address can’t start with "-".');
  if (url.hostname === '') refuse('The repository’s address names no host.');
  if (url.pathname === '' || url.pathname === '/')
    refuse('The repository’s address names a host only; add the repository’s path.');
  return 'ssh';
}

function checkFile(repository: string, { allowFile }: { allowFile: boolean }): RepositoryKind {
  if (!allowFile)
    refuse(
      'Repositories on this machine’s disk are not allowed here. The operator can allow them with SWITCHYARD_ALLOW_FILE_REPOSITORIES=1.',
    );
  if (repository.startsWith('/')) return 'file';
  const { hostname } = parse(repository);
  if (hostname !== '' || !/^file:\/\/\//i.test(repository))
    refuse('A file address has the form file:///absolute/path.');
  return 'file';
}

function decodes(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse('The repository’s address is not a valid URL.');
  }
}

import { type SealedSourceCredential, type SourceCredential, SwitchyardError } from '@switchyard/domain';
import type { Place, SecretBox } from './secret-box.ts';

/** Whose credential it is. */
export type SourceCredentialOwner = Pick<Place, 'farmId' | 'appId'>;

/** What of a credential's record is bound to what is sealed: none of it can be changed alone, the host least of all. */
type Bound = Pick<SealedSourceCredential, 'kind' | 'host' | 'username'>;

const NO_ENVIRONMENT = 'source-credential';

const placeOf = (owner: SourceCredentialOwner, { kind, host, username }: Bound): Place => ({
  ...owner,
  environmentId: NO_ENVIRONMENT,
  name: JSON.stringify([kind, host, username]),
});

export function sealSourceCredential(
  box: SecretBox,
  owner: SourceCredentialOwner,
  bound: Bound,
  secret: string,
): string {
  return box.seal(placeOf(owner, bound), secret);
}

/** By a worker. Rejects what was sealed with another key, for another app or host, with `source-credential-unreadable`. */
export function openSourceCredential(
  box: SecretBox,
  owner: SourceCredentialOwner,
  sealed: SealedSourceCredential,
): SourceCredential {
  const { kind, host, username } = sealed;
  let secret: string;
  try {
    secret = box.open(placeOf(owner, sealed), sealed.sealed);
  } catch (error) {
    throw new SwitchyardError(
      'source-credential-unreadable',
      'The credential of the app’s repository can’t be opened with this host’s secret key. Put back the file `secret-key` with which it was set, or set the credential again.',
      {},
      error,
    );
  }
  if (kind === 'deploy-key') return { kind, host, privateKey: secret };
  return { kind, host, username: username ?? '', token: secret };
}

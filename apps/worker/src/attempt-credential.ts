import { type SealedSourceCredential, type SourceCredential, type StepName, SwitchyardError } from '@switchyard/domain';
import { openSourceCredential, type SecretBox, type SourceCredentialOwner } from '@switchyard/service';

/** The credential of the app's repository as it was when the attempt began. */
export interface AttemptCredential {
  /** Values that nothing may show. */
  readonly secrets: readonly string[];
  /** Throws `source-credential-unreadable`. */
  open(): SourceCredential | null;
}

/** The steps that ask the repository's host; no other gets to see the credential. */
export function needsSourceCredential(step: StepName): boolean {
  return step === 'pin' || step === 'source';
}

/** One that can't be opened (or read: `sealed` is the reason then) fails the step that needs it when it asks for it. */
export function attemptCredential(
  box: SecretBox,
  owner: SourceCredentialOwner,
  sealed: SealedSourceCredential | null | SwitchyardError,
): AttemptCredential {
  let opened: SourceCredential | null | SwitchyardError;
  try {
    opened = sealed === null || sealed instanceof SwitchyardError ? sealed : openSourceCredential(box, owner, sealed);
  } catch (error) {
    if (!(error instanceof SwitchyardError)) throw error;
    opened = error;
  }
  return {
    secrets: opened === null || opened instanceof SwitchyardError ? [] : [secretOf(opened)],
    open() {
      if (opened instanceof SwitchyardError) throw opened;
      return opened;
    },
  };
}

const secretOf = (credential: SourceCredential): string =>
  credential.kind === 'token' ? credential.token : credential.privateKey;

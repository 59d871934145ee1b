import { SourceCredentialInfo, SourceToken, SourceUsername } from '@switchyard/domain';
import { z } from 'zod';

/** How an app's private repository is to be opened: with a token over https, or with a deploy key that Switchyard makes. */
export const SetSourceCredential = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('token'),
      token: SourceToken,
      username: SourceUsername.optional().meta({
        description: 'What is said as the user name; absent, what most forges take along with a token.',
      }),
    }),
    z.strictObject({ kind: z.literal('deploy-key') }),
  ])
  .meta({ id: 'NewSourceCredential' });
export type SetSourceCredential = z.infer<typeof SetSourceCredential>;

/** Without the token or the private key, which are never answered. */
export const SourceCredentialView = SourceCredentialInfo.omit({ v: true }).meta({ id: 'SourceCredential' });
export type SourceCredentialView = z.infer<typeof SourceCredentialView>;

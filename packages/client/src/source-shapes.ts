import { KnownHost, SourceCredentialInfo, SourceToken, SourceUsername } from '@switchyard/domain';
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

export const KnownHostList = z
  .object({
    hosts: z.array(
      KnownHost.pick({ host: true, metAt: true }).extend({
        /** Fingerprints as ssh and forges print them. */
        keys: z.array(z.object({ type: z.string(), fingerprint: z.string() })),
      }),
    ),
  })
  .meta({ id: 'KnownHostList' });
export type KnownHostList = z.infer<typeof KnownHostList>;

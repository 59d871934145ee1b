import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** How an app's private repository is opened. */
export const SourceCredentialKind = z.enum(['token', 'deploy-key']);
export type SourceCredentialKind = z.infer<typeof SourceCredentialKind>;

const plain = (what: string) =>
  z
    .string()
    .min(1)
    .max(LIMITS.maxSourceTokenLength)
    .regex(/^[\x21-\x7e]+$/, `${what} has no spaces, line breaks or characters beyond ASCII`);

/** A token as forges make them: one line, no spaces. */
export const SourceToken = plain('a token');
/** What is said as the user name along with a token. */
export const SourceUsername = plain('a user name')
  .max(128)
  .regex(/^[^:]+$/, 'a user name has no ":"');

/** The credential of an app's repository, without what is secret about it. */
export const SourceCredentialInfo = z.object({
  v: z.literal(1),
  kind: SourceCredentialKind,
  /** The only host that it is shown to, with its port where the address names one. */
  host: z.string(),
  /** Of a token. */
  username: z.string().nullable(),
  /** Of a deploy key, as `authorized_keys` and forges take it. */
  publicKey: z.string().nullable(),
  /** `SHA256:…` of a deploy key, as ssh and forges print it; of a token a name that tells nothing of it. */
  fingerprint: z.string(),
  /** Milliseconds since the epoch. */
  setAt: z.int().nonnegative(),
});
export type SourceCredentialInfo = z.infer<typeof SourceCredentialInfo>;

/** What is kept: the secret part only as the farm's secret key has sealed it. */
export const SealedSourceCredential = SourceCredentialInfo.extend({ sealed: z.string() });
export type SealedSourceCredential = z.infer<typeof SealedSourceCredential>;

/** Only ever in the memory of a worker. */
export type SourceCredential =
  | { readonly kind: 'token'; readonly host: string; readonly username: string; readonly token: string }
  /** `privateKey` is an OpenSSH private key file's text. */
  | { readonly kind: 'deploy-key'; readonly host: string; readonly privateKey: string };

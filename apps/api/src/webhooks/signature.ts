import { createHmac } from 'node:crypto';
import type { Provider } from '@switchyard/domain';
import { isSameText } from '../same-text.ts';

/** The header in which a forge proves that it knows the secret. */
export const SIGNATURE_HEADERS: Readonly<Record<Provider, string>> = {
  github: 'X-Hub-Signature-256',
  gitea: 'X-Gitea-Signature',
  gitlab: 'X-Gitlab-Token',
};

/**
 * Whether the body was sent by who knows the secret: GitHub and Gitea sign the bytes of the body, GitLab shows the secret itself. Takes the
 * same time for every wrong signature, whatever its length.
 */
export function isSigned(provider: Provider, signature: string, body: Buffer, secret: string): boolean {
  return isSameText(signature, expected(provider, body, secret));
}

function expected(provider: Provider, body: Buffer, secret: string): string {
  if (provider === 'gitlab') return secret;
  const hmac = createHmac('sha256', secret).update(body).digest('hex');
  return provider === 'github' ? `sha256=${hmac}` : hmac;
}

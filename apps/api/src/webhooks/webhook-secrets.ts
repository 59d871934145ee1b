import { createHmac } from 'node:crypto';
import type { AppId } from '@switchyard/domain';

/** The secrets that forges sign their webhooks with. None is stored: an app's generation and the key file give its secret again. */
export interface WebhookSecrets {
  secretOf(id: AppId, generation: number): string;
}

export function webhookSecrets(key: Buffer): WebhookSecrets {
  return {
    secretOf: (id, generation) => createHmac('sha256', key).update(`webhook:${id}:${generation}`).digest('hex'),
  };
}

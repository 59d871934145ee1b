import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { type OpenVariable, type SealedVariable, SwitchyardError } from '@switchyard/domain';
import { readSecretKey } from './secret-key.ts';

/** What a sealed value belongs to: it opens there and nowhere else. */
export interface Place {
  readonly farmId: string;
  readonly appId: string;
  readonly environmentId: string;
  readonly name: string;
}

/** Seals values with the farm's secret key, and opens them again. */
export interface SecretBox {
  seal(place: Place, value: string): string;
  /** Rejects what was sealed elsewhere, with another key, or was changed: `variables-unreadable`. */
  open(place: Place, sealed: string): string;
  /** Names a text without telling it: equal texts, equal names, under this key alone. */
  fingerprint(text: string): string;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORM = 'v1';

const additionalData = ({ farmId, appId, environmentId, name }: Place): Buffer =>
  Buffer.from(JSON.stringify([FORM, farmId, appId, environmentId, name]));

/** AES-256-GCM with a random nonce per value; a key of its own for fingerprints. */
export function secretBox(key: Buffer): SecretBox {
  const derived = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', purpose, KEY_BYTES));
  const sealing = derived('switchyard variables');
  const naming = derived('switchyard cache keys');
  return {
    seal(place, value) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(additionalData(place));
      const bytes = Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${FORM}.${bytes.toString('base64url')}`;
    },
    open(place, sealed) {
      try {
        const [form, text = ''] = sealed.split('.', 2);
        const bytes = Buffer.from(text, 'base64url');
        if (form !== FORM || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('not a sealed value');
        const nonce = bytes.subarray(0, NONCE_BYTES);
        const decipher = createDecipheriv('aes-256-gcm', sealing, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(additionalData(place));
        decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
        const opened = [decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)), decipher.final()];
        return Buffer.concat(opened).toString('utf8');
      } catch (error) {
        throw new SwitchyardError(
          'variables-unreadable',
          `The variable ${place.name} can't be opened with this host's secret key. Put back the file \`secret-key\` with which it was set, or set it again.`,
          { name: place.name },
          error,
        );
      }
    },
    fingerprint: (text) => createHmac('sha256', naming).update(text).digest('hex'),
  };
}

/** The box of the farm's secret key, which is made when missing. Rejects with `config-invalid`. */
export async function openSecretBox(file: string): Promise<SecretBox> {
  return secretBox(await readSecretKey(file));
}

/** The variables of an environment with their values. Rejects with `variables-unreadable`. */
export function openVariables(
  box: SecretBox,
  place: Omit<Place, 'name'>,
  sealed: readonly SealedVariable[],
): OpenVariable[] {
  return sealed.map(({ sealed: text, ...variable }) => ({
    ...variable,
    value: box.open({ ...place, name: variable.name }, text),
  }));
}

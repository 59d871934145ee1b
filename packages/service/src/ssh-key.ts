import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

/** An ed25519 key pair in OpenSSH's forms. */
export interface SshKeyPair {
  /** `ssh-ed25519 AAAA… comment`. */
  readonly publicKey: string;
  /** Text of a private key file, without a passphrase. */
  readonly privateKey: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

const TYPE = 'ssh-ed25519';
const MAGIC = 'openssh-key-v1\0';
const BLOCK_BYTES = 8;
const LINE_LENGTH = 70;

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const field = (content: Buffer | string): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([uint32(bytes.length), bytes]);
};

/**
 * Made in this process, since `ssh-keygen` would write the private key to a file. The private key is in OpenSSH's own form: ssh before 9.6
 * reads no other one of ed25519 keys.
 */
export function makeSshKey(comment: string): SshKeyPair {
  const pair = generateKeyPairSync('ed25519');
  const { x = '', d = '' } = pair.privateKey.export({ format: 'jwk' });
  const [open, seed] = [Buffer.from(x, 'base64url'), Buffer.from(d, 'base64url')];
  const publicBlob = Buffer.concat([field(TYPE), field(open)]);
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    field(TYPE),
    field(open),
    field(Buffer.concat([seed, open])),
    field(comment),
  ]);
  const padding = Buffer.from(
    Array.from({ length: (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES }, (_, index) => index + 1),
  );
  const file = Buffer.concat([
    Buffer.from(MAGIC),
    field('none'),
    field('none'),
    field(''),
    uint32(1),
    field(publicBlob),
    field(Buffer.concat([secret, padding])),
  ]).toString('base64');
  const lines = file.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g')) ?? [];
  const privateKey = ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
  return {
    publicKey: `${TYPE} ${publicBlob.toString('base64')} ${comment}`,
    privateKey,
    fingerprint: sshFingerprint(publicBlob),
  };
}

/** `SHA256:…` of a public key's bytes. */
function sshFingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** A line of a `known_hosts` file as people compare it; null where it is none. */
export function knownKey(line: string): { type: string; fingerprint: string } | null {
  const [, type = '', blob = ''] = line.trim().split(/\s+/);
  return /^[A-Za-z0-9+/]+={0,2}$/.test(blob)
    ? { type, fingerprint: sshFingerprint(Buffer.from(blob, 'base64')) }
    : null;
}

import { expect, test } from 'vitest';
import { makeSshKey } from './ssh-key.ts';

test('a key has OpenSSH’s forms, and no two are equal', () => {
  const [one, other] = [makeSshKey('switchyard-shop'), makeSshKey('switchyard-shop')];
  expect(one.publicKey).toMatch(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43} switchyard-shop$/);
  expect(one.privateKey).toMatch(
    /^-----BEGIN OPENSSH PRIVATE KEY-----\n(?:[A-Za-z0-9+/=]{1,70}\n)+-----END OPENSSH PRIVATE KEY-----\n$/,
  );
  expect(one.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  expect(one.publicKey).not.toBe(other.publicKey);
});

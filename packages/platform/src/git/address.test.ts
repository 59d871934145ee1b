import type { SourceCredential } from '@switchyard/domain';
import { expect, test } from 'vitest';
import { mirrorName, parseAddress, remoteOf } from './address.ts';
import { maskAddresses } from './git-failures.ts';

const TOKEN: SourceCredential = { kind: 'token', host: 'example.test', username: 'me', token: 'hunter2' };
const KEY: SourceCredential = { kind: 'deploy-key', host: 'example.test', privateKey: 'hunter2' };

test('a path of this machine is allowed only where the operator says so', () => {
  for (const repository of ['/srv/a', 'file:///srv/a']) {
    expect(parseAddress(repository, true)).toEqual({ kind: 'file', url: '/srv/a' });
    expect(() => parseAddress(repository, false)).toThrow(expect.objectContaining({ code: 'repository-not-allowed' }));
  }
});

test.each<[string, SourceCredential, boolean]>([
  ['https://example.test/a', TOKEN, true],
  ['https://EXAMPLE.test:443/a', TOKEN, true],
  ['https://example.test:8443/a', TOKEN, false],
  ['https://other.test/a', TOKEN, false],
  ['https://example.test.evil.test/a', TOKEN, false],
  ['git@example.test:a', TOKEN, false],
  ['git@example.test:a', KEY, true],
  ['ssh://git@example.test:2222/a', KEY, false],
  ['ssh://git@other.test/a', KEY, false],
  ['https://example.test/a', KEY, false],
  ['/srv/a', TOKEN, false],
])('%s is shown the credential of example.test (%#): %s', (repository, credential, isShown) => {
  expect(remoteOf(parseAddress(repository, true), credential).credential).toBe(isShown ? credential : null);
});

test('a mirror is named by its address alone', () => {
  const [one, other] = ['https://example.test/a', 'https://example.test/b'].map((url) =>
    mirrorName(parseAddress(url, false)),
  );
  expect(one).not.toBe(other);
  expect(mirrorName(parseAddress('https://EXAMPLE.test/a', false))).toBe(one);
});

test('credentials in Git’s words are masked', () => {
  expect(maskAddresses("fatal: unable to access 'https://me:hunter2@example.test/a/': x")).toBe(
    "fatal: unable to access 'https://***@example.test/a/': x",
  );
});

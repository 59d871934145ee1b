import { expect, test } from 'vitest';
import { mirrorName, parseAddress } from './address.ts';
import { maskAddresses } from './git-failures.ts';

const ALLOWED: readonly [string, string][] = [
  ['https://example.test/a/b.git', 'https://example.test/a/b.git'],
  ['http://example.test:8080/a', 'http://example.test:8080/a'],
  ['ssh://git@example.test:22/a/b', 'ssh://git@example.test:22/a/b'],
  ['git@example.test:a/b.git', 'git@example.test:a/b.git'],
  ['https://me:pw%40x@example.test/a', 'https://example.test/a'],
];

const REFUSED = [
  '',
  '-',
  '--upload-pack=touch /tmp/x',
  'ext::sh -c date',
  'ext::sh',
  'fd::17',
  'https::https://example.test/a',
  'git://example.test/a',
  'ftp://example.test/a',
  'relative/path',
  '../up',
  'https://',
  'https://-oProxyCommand=x/a',
  'ssh://-oProxyCommand=x/a',
  'ssh://git@example.test/-x',
  'ssh://git:pw@example.test/a',
  '-oProxyCommand=x:a',
  'https://example.test/a b',
  'https://example.test/a\n',
  'file://other-host/a',
  `https://example.test/${'a'.repeat(3000)}`,
];

test.each(ALLOWED)('%s is allowed', (repository, url) => {
  expect(parseAddress(repository, false).url).toBe(url);
});

test.each(REFUSED)('%s is refused', (repository) => {
  expect(() => parseAddress(repository, true)).toThrow(expect.objectContaining({ code: 'repository-not-allowed' }));
});

test('a path of this machine is allowed only where the operator says so', () => {
  for (const repository of ['/srv/a', 'file:///srv/a']) {
    expect(parseAddress(repository, true)).toMatchObject({ url: '/srv/a', isFile: true });
    expect(() => parseAddress(repository, false)).toThrow(expect.objectContaining({ code: 'repository-not-allowed' }));
  }
});

test('credentials are taken out of the address, and name another mirror', () => {
  const address = parseAddress('https://me:pw%40x@example.test/a', false);
  expect(address.credentials).toEqual({ username: 'me', password: 'pw@x' });
  expect(mirrorName(address)).not.toBe(mirrorName(parseAddress('https://example.test/a', false)));
});

test('a refusal never repeats the address', () => {
  expect(() => parseAddress('ftp://me:hunter2@example.test/a', false)).toThrow(/^(?!.*hunter2)/);
});

test('credentials in Git’s words are masked', () => {
  expect(maskAddresses("fatal: unable to access 'https://me:hunter2@example.test/a/': x")).toBe(
    "fatal: unable to access 'https://***@example.test/a/': x",
  );
});

import { expect, test } from 'vitest';
import { checkRepositoryAddress, parseRepositoryAddress } from './repository-address.ts';

const kindOf = (address: string, allowFile = false) => checkRepositoryAddress(address, { allowFile });

test.each([
  ['https://github.com/expressjs/express.git', 'http'],
  ['https://github.com/expressjs/express', 'http'],
  ['http://git.internal:8080/team/app.git', 'http'],
  ['HTTPS://example.org/x.git', 'http'],
  ['ssh://git@example.org:2222/team/app.git', 'ssh'],
  ['ssh://example.org/team/app.git', 'ssh'],
  ['git@github.com:team/app.git', 'ssh'],
  ['deploy_1@host.example:~/app.git', 'ssh'],
  ['https://dev.example.org/My%20Project/_git/app', 'http'],
  ['ssh://git@[2001:db8::1]:2222/app.git', 'ssh'],
])('takes %s', (address, kind) => {
  expect(kindOf(address)).toBe(kind);
});

test.each([
  '',
  '-u',
  '--upload-pack=touch /tmp/x',
  '--upload-pack=x',
  'ext::sh -c touch%20x',
  'ext::sh',
  'git@host::sh',
  'fd::17',
  'git://example.org/app.git',
  'ftp://example.org/app.git',
  'data:text/plain,x',
  'javascript:alert(1)',
  'https://example.org/a b.git',
  'https://example.org/a\nb.git',
  'https://example.org/a\u0000b.git',
  'https://example.org/a\u202Eb.git',
  'https://example.org/a%00b.git',
  'https://example.org/a%0ab.git',
  'https://example.org/a%0D%0Ab.git',
  'https://example.org/a%5Cb.git',
  'https://example.org/a%zz.git',
  'https://example.org/a%',
  'https://example.org/%ff',
  'ssh://git@example.org/a%0ab.git',
  'ssh://git@example.org/%2Dx',
  'ssh://git@example.org/a%zz',
  'ssh://git%0a@example.org/a',
  'ssh://g!t@example.org/a',
  'ssh://git@exa%24mple.org/a',
  'file:///srv/a%00b',
  'https://example.org',
  'https://example.org/app?x=1',
  'https://example.org/app#x',
  'https:///app',
  'ssh://-oProxyCommand=x/app',
  'ssh://-oProxyCommand=x@host/app',
  'ssh://%2DoProxyCommand=x@host/app',
  'ssh://git@host',
  '-oProxyCommand=x@host:path',
  'git@-host:path',
  'git@host:-path',
  'host:path',
  'relative/path',
  '../up',
  'C:\\repositories\\app',
  `https://example.org/${'a'.repeat(2_048)}`,
])('refuses %j', (address) => {
  expect(() => kindOf(address, true)).toThrow(expect.objectContaining({ code: 'repository-not-allowed' }));
});

test.each([
  'https://user:hunter2@example.org/a.git',
  'https://hunter2@example.org/a.git',
  'https://hunter2:@example.org/a.git',
  'ssh://git:hunter2@example.org/a.git',
])('refuses credentials in an address and does not repeat them', (address) => {
  expect(() => kindOf(address)).toThrow(/can’t hold/);
  expect(() => kindOf(address)).not.toThrow(/hunter2/);
});

test('takes files of this machine only where the operator allows them, and says so', () => {
  for (const address of ['/srv/app', 'file:///srv/app', 'FILE:///srv/app']) {
    expect(kindOf(address, true)).toBe('file');
    expect(() => kindOf(address)).toThrow(/SWITCHYARD_ALLOW_FILE_REPOSITORIES=1/);
  }
  for (const address of ['file:srv', 'file://host/srv']) expect(() => kindOf(address, true)).toThrow(/form file:/);
});

test.each([
  ['https://Example.org:443/a.git', 'example.org'],
  ['https://example.org:8443/a.git', 'example.org:8443'],
  ['git@Example.org:a.git', 'example.org'],
  ['ssh://git@Example.org:22/a.git', 'example.org:22'],
  ['ssh://git@example.org:2222/a.git', 'example.org:2222'],
])('the host of %s is %s', (address, host) => {
  expect(parseRepositoryAddress(address, { allowFile: false })).toMatchObject({ host });
});

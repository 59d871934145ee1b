import { expect, test } from 'vitest';
import { parseAddress, type Remote } from './address.ts';
import { gitFailure } from './git-failures.ts';

const PUBLIC: Remote = { address: parseAddress('https://example.test/a', false), credential: null };
const WITH_TOKEN: Remote = {
  ...PUBLIC,
  credential: { kind: 'token', host: 'example.test', username: 'me', token: 'hunter2' },
};

/** As they were printed. */
const SAID: readonly [string, string][] = [
  ["fatal: couldn't find remote ref refs/heads/nope", 'ref-not-found'],
  ['fatal: remote error: upload-pack: not our ref dddd', 'ref-not-found'],
  ['error: Server does not allow request for unadvertised object dddd', 'ref-not-found'],
  ["remote: Repository not found.\nfatal: repository 'https://example.test/a/' not found", 'source-denied'],
  [
    "fatal: '/nowhere' does not appear to be a git repository\nfatal: Could not read from remote repository.",
    'source-denied',
  ],
  ["fatal: could not read Username for 'https://example.test': terminal prompts disabled", 'source-denied'],
  ["remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://example.test/a/'", 'source-denied'],
  ["fatal: unable to access 'https://example.test/a/': The requested URL returned error: 403", 'source-denied'],
  ['git@example.test: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'source-denied'],
  ["fatal: detected dubious ownership in repository at '/srv/a'", 'source-denied'],
  ['error: unable to write file big\nerror: unable to write file package.json', 'disk-full'],
  ['fatal: unable to write new index file', 'disk-full'],
  ["fatal: transport 'ext' not allowed", 'repository-not-allowed'],
  ["fatal: unable to access 'https://example.test/a/': Could not resolve host: example.test", 'source-unreachable'],
  ["fatal: unable to access 'https://example.test/a/': The requested URL returned error: 502", 'source-unreachable'],
  [
    "fatal: unable to access 'https://example.test/a/': Operation too slow. Less than 500 bytes/sec transferred the last 30 seconds",
    'source-unreachable',
  ],
  ['error: RPC failed; curl 56 GnuTLS recv error\nfatal: early EOF', 'source-unreachable'],
  [
    "fatal: unable to access 'https://example.test/a/': SSL: no alternative certificate subject name matches target host name 'example.test'",
    'source-tls-untrusted',
  ],
  [
    "fatal: unable to access 'https://example.test/a/': SSL: certificate subject name (other.test) does not match target host name 'example.test'",
    'source-tls-untrusted',
  ],
  [
    "fatal: unable to access 'https://example.test/a/': server certificate verification failed. CAfile: none CRLfile: none",
    'source-tls-untrusted',
  ],
  [
    "fatal: unable to access 'https://example.test/a/': SSL certificate problem: self-signed certificate",
    'source-tls-untrusted',
  ],
  ['fatal: write error: No space left on device', 'disk-full'],
  ['something that nobody has seen yet', 'source-unreachable'],
];

test.each(SAID)('%s', (stderr, code) => {
  const failure = gitFailure(stderr, PUBLIC);
  expect(failure.code).toBe(code);
  expect(failure.message).toContain('https://example.test/a');
});

test.each<[string, string]>([
  ["fatal: Authentication failed for 'https://example.test/a/'", 'source-credential-rejected'],
  [
    "fatal: could not read Username for 'https://example.test': terminal prompts disabled",
    'source-credential-rejected',
  ],
  ["remote: Repository not found.\nfatal: repository 'https://example.test/a/' not found", 'source-denied'],
  ["fatal: unable to access 'https://example.test/a/': The requested URL returned error: 403", 'source-denied'],
])('with a token, %s', (stderr, code) => {
  const failure = gitFailure(stderr, WITH_TOKEN);
  expect(failure.code).toBe(code);
  expect(failure.message).not.toContain('hunter2');
});

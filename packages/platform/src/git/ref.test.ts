import { expect, test } from 'vitest';
import { commitOf, parseRef, parseRemoteRefs } from './ref.ts';

const SHA = 'a'.repeat(40);

test.each([
  ['main', { kind: 'name', name: 'main', abbreviates: false }],
  ['feature/x-1', { kind: 'name', name: 'feature/x-1', abbreviates: false }],
  ['abc123', { kind: 'name', name: 'abc123', abbreviates: true }],
  [SHA.toUpperCase(), { kind: 'sha', sha: SHA }],
  [null, { kind: 'default' }],
  ['HEAD', { kind: 'default' }],
])('%s is read as what it can be', (ref, wanted) => {
  expect(parseRef(ref, 255)).toEqual(wanted);
});

test.each([
  '-x',
  '--upload-pack=x',
  'a b',
  'a..b',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  '[a',
  'a\\b',
  'a\u0000',
  'a\n',
  '/a',
  'a/',
  'a//b',
  '.a',
  'a/.b',
  'a.',
  'a.lock',
  'a@{1}',
  '@',
  '',
  'x'.repeat(300),
])('%j is refused', (ref) => {
  expect(() => parseRef(ref, 255)).toThrow(expect.objectContaining({ code: 'ref-not-found' }));
});

test('an annotated tag is its commit, and HEAD says where it points', () => {
  const remote = parseRemoteRefs(
    [
      'ref: refs/heads/main\tHEAD',
      `${SHA}\tHEAD`,
      `${'b'.repeat(40)}\trefs/tags/v1`,
      `${SHA}\trefs/tags/v1^{}`,
      'noise',
    ].join('\n'),
  );
  expect(remote.head).toBe('refs/heads/main');
  expect(commitOf(remote, 'refs/tags/v1')).toBe(SHA);
  expect(commitOf(remote, 'refs/heads/other')).toBeNull();
});

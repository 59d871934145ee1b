import { expect, test } from 'vitest';
import { GitRef, isGitRef } from './git-ref.ts';

test.each([
  'main',
  'feature/login',
  'v1.2.3',
  'refs/heads/main',
  'a@b',
  'ünïcode',
  '0123456789abcdef0123456789abcdef01234567',
  'dependabot/npm_and_yarn/x-1.0',
])('takes %s', (ref) => {
  expect(isGitRef(ref)).toBe(true);
});

test.each([
  '',
  '-',
  '--upload-pack=x',
  '-delete',
  'a b',
  'a\nb',
  'a\u0000',
  'a\ud800',
  'a..b',
  'HEAD~1',
  'HEAD^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  '@',
  'a@{1}',
  '/a',
  'a/',
  'a//b',
  '.a',
  'a/.b',
  'a.lock',
  'a.',
  'a'.repeat(256),
])('refuses %j', (ref) => {
  expect(GitRef.safeParse(ref).success).toBe(false);
});

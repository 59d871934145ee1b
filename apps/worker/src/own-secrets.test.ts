import { maskText, needlesOf } from '@switchyard/service';
import { expect, it } from 'vitest';
import { ownSecrets } from './own-secrets.ts';

it.each([
  ['redis://:pass-word@127.0.0.1:6379', ['pass-word']],
  ['rediss://user:p%40ss%3Aword@redis:6379/0', ['p%40ss%3Aword', 'p@ss:word']],
  ['redis://:100%-secret@redis', ['100%-secret']],
  ['redis://127.0.0.1:6379', []],
  ['redis://user@redis:6379', []],
])('of %s are %j', (REDIS_URL, secrets) => {
  expect(ownSecrets({ REDIS_URL })).toEqual(secrets);
});

it('are shown by no log, in either form', () => {
  const needles = needlesOf(ownSecrets({ REDIS_URL: 'redis://:p%40ss%3Aword@redis:6379' }));
  expect(maskText(needles, 'redis://:p%40ss%3Aword@redis, p@ss:word')).toBe('redis://:***@redis, ***');
});

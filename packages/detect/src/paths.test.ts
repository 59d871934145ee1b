import { expect, it } from 'vitest';
import { ancestors, inDirectory, matchesGlobs, up } from './paths.ts';

it.each([
  ['.', 'a.json', 'a.json'],
  ['.', './a/../b/', 'b'],
  ['apps/web', '../../lib', 'lib'],
  ['apps/web', '../../..', null],
  ['.', '../x', null],
  ['.', '/etc', null],
  ['.', '.', '.'],
])('in %s, %s is %s', (directory, path, joined) => {
  expect(inDirectory(directory, path)).toBe(joined);
});

it('ancestors end at the root', () => {
  expect(ancestors('a/b')).toEqual(['a/b', 'a', '.']);
  expect(ancestors('.')).toEqual(['.']);
  expect(up('a/b', '.')).toBe('../..');
  expect(up('.', '.')).toBe('.');
});

it.each<[string, string[], boolean]>([
  ['packages/ui', ['packages/*'], true],
  ['packages/ui/deep', ['packages/*'], false],
  ['packages/ui/deep', ['packages/**'], true],
  ['ui', ['**'], true],
  ['apps/web', ['./apps/*/'], true],
  ['libs/a', ['{apps,libs}/*'], true],
  ['tools/a', ['{apps,libs}/*'], false],
  ['packages/old', ['packages/*', '!packages/old'], false],
  ['packages/a.b', ['packages/a.b'], true],
  ['packages/aXb', ['packages/a.b'], false],
  ['packages/a', [], false],
])('%s within %j: %s', (path, globs, matches) => {
  expect(matchesGlobs(path, globs)).toBe(matches);
});

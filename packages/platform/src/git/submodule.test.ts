import { expect, test } from 'vitest';
import { submodulesOf, submoduleUrl } from './submodule.ts';

test.each([
  ['../lib.git', 'https://example.test/team/app.git', 'https://example.test/team/lib.git'],
  ['../lib.git', 'https://example.test/team/app.git/', 'https://example.test/team/lib.git'],
  ['../../other/lib', 'https://example.test/team/app', 'https://example.test/other/lib'],
  ['./lib', 'https://example.test/team/app', 'https://example.test/team/app/lib'],
  ['../lib.git', 'git@example.test:team/app.git', 'git@example.test:team/lib.git'],
  ['../lib.git', 'git@example.test:app.git', 'git@example.test:lib.git'],
  ['../lib', '/srv/team/app', '/srv/team/lib'],
  ['https://other.test/lib', 'https://example.test/app', 'https://other.test/lib'],
])('%s beside %s is %s', (url, parent, whole) => {
  expect(submoduleUrl(url, parent)).toBe(whole);
});

test('an address that leads out of its host is refused', () => {
  expect(() => submoduleUrl('../../../../x', 'https://example.test/a/b')).toThrow(
    expect.objectContaining({ code: 'submodule-refused' }),
  );
});

const SHA = 'a'.repeat(40);
const modules = (path: string, extra = '') =>
  `submodule.a.path\n${path}\0submodule.a.url\nhttps://example.test/lib\0${extra}`;

test('a commit’s links are taken with the addresses of .gitmodules', () => {
  const tree = `100644 blob ${SHA}\tREADME\x00160000 commit ${SHA}\tvendor/lib\x00160000 commit ${SHA}\tstray\0`;
  expect(submodulesOf(modules('vendor/lib'), tree, 'https://example.test/app')).toEqual([
    { path: 'vendor/lib', sha: SHA, url: 'https://example.test/lib' },
  ]);
  expect(submodulesOf(modules('vendor/lib', 'submodule.a.update\nnone\0'), tree, 'https://example.test/app')).toEqual(
    [],
  );
});

test.each(['../out', '.git/hooks', 'a/../../b', 'a/.GIT/x', 'a//b'])('a link at %s is refused', (path) => {
  expect(() => submodulesOf(modules(path), `160000 commit ${SHA}\t${path}\0`, 'https://example.test/app')).toThrow(
    expect.objectContaining({ code: 'submodule-refused' }),
  );
});

import { expect, test } from 'vitest';
import { pageOf, pathTo } from './path.ts';

test('each page has one path, and reads it back', () => {
  expect(pageOf(pathTo.home())).toEqual({ kind: 'home' });
  expect(pageOf(pathTo.app('hello'))).toEqual({ kind: 'app', name: 'hello' });
  expect(pageOf(pathTo.deployment('dep_abc123'))).toEqual({ kind: 'deployment', id: 'dep_abc123' });
});

test('what names no page is missing', () => {
  for (const path of ['/other', '/apps/a/b', '/deployments/x/y', '/%zz/1'])
    expect(pageOf(path)).toEqual({ kind: 'missing' });
});

import { expect, test } from 'vitest';
import { parseBatch, parseTree } from './source-tree.ts';

test('a tree with odd names and a submodule', () => {
  const text = [
    '100644 blob aa      12\ta file',
    '040000 tree bb       -\tdir',
    '160000 commit cc       -\tsub\tname',
    '',
  ].join('\0');
  expect([...parseTree(text)]).toEqual([
    ['a file', { mode: '100644', type: 'blob', oid: 'aa', bytes: 12 }],
    ['dir', { mode: '040000', type: 'tree', oid: 'bb', bytes: 0 }],
    ['sub\tname', { mode: '160000', type: 'commit', oid: 'cc', bytes: 0 }],
  ]);
});

test('a batch keeps order, contents with line ends, and gaps', () => {
  const bytes = Buffer.from('aa blob 4\na\nb\n\nbb missing\ncc blob 0\n\n');
  expect(parseBatch(bytes).map((content) => content?.toString() ?? null)).toEqual(['a\nb\n', null, '']);
});

import { expect, test } from 'vitest';
import { fstab, planPrivateRoot } from './private-root.ts';

const topLevel = [
  { name: 'usr', target: null },
  { name: 'bin', target: 'usr/bin' },
  { name: 'proc', target: null },
  { name: 'app', target: null },
];
const plan = (hidden: string[], shown: { path: string; kind: 'file' | 'directory'; writable: boolean }[] = []) =>
  planPrivateRoot({ place: '/w', topLevel, hidden, shown });
const onto = (plan_: ReturnType<typeof planPrivateRoot>) =>
  plan_.mounts.map(({ source, target, options }) => `${source} ${target} ${options}`);

test('the host is there, with its links, and with room for the tree and for processes of its own', () => {
  const { directories, links, mounts } = plan([]);
  expect(directories).toEqual(expect.arrayContaining(['root/app', 'root/proc', 'root/usr']));
  expect(links).toEqual([{ path: 'root/bin', target: 'usr/bin' }]);
  expect(mounts.map(({ target }) => target)).toEqual(['/w/root', '/w/root/usr']);
});

test('a hidden directory shows only what it is asked to show', () => {
  const made = plan(
    ['/data'],
    [
      { path: '/data/tools', kind: 'directory', writable: false },
      { path: '/data/work/1/home', kind: 'directory', writable: true },
      { path: '/usr/lib/node', kind: 'file', writable: false },
    ],
  );
  expect(onto(made).slice(2)).toEqual([
    '/w/mask-0 /w/root/data bind',
    '/data/tools /w/root/data/tools bind,ro',
    '/data/work/1/home /w/root/data/work/1/home rbind',
  ]);
  expect(made.directories).toEqual(expect.arrayContaining(['mask-0/tools', 'mask-0/work/1/home']));
});

test('a file is shown as a file', () => {
  const made = plan(['/root'], [{ path: '/root/.nvm/bin/node', kind: 'file', writable: false }]);
  expect(made.files).toEqual(['mask-0/.nvm/bin/node']);
  expect(made.directories).not.toContain('mask-0/.nvm/bin/node');
});

test('a hidden directory inside of a hidden one needs nothing of its own, unless something around it is shown', () => {
  expect(onto(plan(['/root/x/data', '/root'])).slice(2)).toEqual(['/w/mask-0 /w/root/root bind']);
  const shown = [
    { path: '/root/x', kind: 'directory' as const, writable: false },
    { path: '/root/x/data/home', kind: 'directory' as const, writable: true },
  ];
  expect(onto(plan(['/root/x/data', '/root'], shown)).slice(2)).toEqual([
    '/w/mask-0 /w/root/root bind',
    '/root/x /w/root/root/x bind,ro',
    '/w/mask-1 /w/root/root/x/data bind',
    '/root/x/data/home /w/root/root/x/data/home rbind',
  ]);
});

test('a path with spaces is one field', () => {
  expect(fstab([{ source: '/a b', target: '/c\\d', type: 'none', options: 'bind' }])).toBe(
    '/a\\040b /c\\134d none bind 0 0\n',
  );
});

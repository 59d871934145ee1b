import { expect, test } from 'vitest';
import { planOverlay } from './overlay-assembly.ts';
import { overlayCandidates } from './overlays.ts';
import type { Stack } from './tree-assembly.ts';

const stack = (id: string, plain: boolean): Stack => ({ ids: [id], trees: [`/layers/${id}/tree`], plain });
const plan = (...layers: { stack: Stack; only?: string[] }[]) => {
  const { lower, copied } = planOverlay(layers);
  return { lower: lower.flatMap(({ ids }) => ids), copied: copied.flatMap((layer) => layer.stack.ids) };
};
const made = { stack: stack('made', false) };
const source = { stack: stack('source', true) };

test('whole trees are mounted, parts of trees are copied', () => {
  expect(plan()).toEqual({ lower: [], copied: [] });
  expect(plan(made, source)).toEqual({ lower: ['made', 'source'], copied: [] });
  expect(plan({ ...source, only: ['package.json'] })).toEqual({ lower: [], copied: ['source'] });
  expect(plan(made, { ...source, only: ['a'] })).toEqual({ lower: ['made'], copied: ['source'] });
});

test('a tree that may have marks of deletion is copied where it lies over another, with all that lies over it', () => {
  expect(plan(source, made)).toEqual({ lower: ['source'], copied: ['made'] });
  expect(plan(source, made, source)).toEqual({ lower: ['source'], copied: ['made', 'source'] });
  expect(plan({ ...source, only: ['a'] }, made)).toEqual({ lower: [], copied: ['source', 'made'] });
});

test('root mounts as root and runs commands as the app’s user; another mounts in a namespace and is itself again', () => {
  const programs = { setpriv: 'setpriv', unshare: 'unshare' };
  const [root] = overlayCandidates(programs, { uid: 0, gid: 0 });
  expect(root?.prefix.join(' ')).toBe('setpriv --pdeathsig KILL -- unshare --mount --pid --fork --kill-child --');
  expect(root?.as({ uid: 1_900_000_001 }).join(' ')).toBe(
    'setpriv --reuid 1900000001 --regid 1900000001 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all --',
  );
  expect(root?.as(null)).toEqual([]);
  const [user] = overlayCandidates(programs, { uid: 1000, gid: 100 });
  expect(user?.prefix).toContain('--map-root-user');
  expect(user?.as(null).join(' ')).toContain('unshare --user --map-user=1000 --map-group=100 --');
  expect(user?.as(null)).toContain('--no-new-privs');
});

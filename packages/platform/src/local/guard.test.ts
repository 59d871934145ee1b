import { expect, test } from 'vitest';
import { shellExit } from './exit.ts';
import { guardCandidates } from './guard.ts';

test('root tries without a user namespace first, others with one, and a /proc of its own before none', () => {
  const words = (root: boolean) => guardCandidates('setpriv', 'unshare', root).map(({ prefix }) => prefix.join(' '));
  expect(words(true)[0]).toBe('setpriv --pdeathsig KILL -- unshare --mount-proc --pid --fork --kill-child --');
  expect(words(false)[0]).toContain('--user --map-current-user --mount-proc');
  for (const line of [...words(true), ...words(false)]) expect(line).toMatch(/--pid --fork --kill-child --$/);
});

test.each([
  [0, { code: 0, signal: null }],
  [1, { code: 1, signal: null }],
  [137, { code: null, signal: 'SIGKILL' }],
  [143, { code: null, signal: 'SIGTERM' }],
  [255, { code: 255, signal: null }],
])('a shell’s %i is %j', (status, exit) => {
  expect(shellExit(status)).toEqual(exit);
});

import { expect, it } from 'vitest';
import { isDoneAnew, reuseOfRetry } from './retry.ts';
import { STAGES } from './stages.ts';

it('without a stage nothing is done anew for its own sake', () => {
  expect(STAGES.filter((stage) => isDoneAnew(stage, null))).toEqual([]);
});

it('with a stage, it and all that follow are', () => {
  expect(STAGES.filter((stage) => isDoneAnew(stage, 'package'))).toEqual(['package', 'health', 'switch', 'cleanup']);
  expect(STAGES.filter((stage) => isDoneAnew(stage, 'source'))).toEqual([...STAGES]);
});

it.each([
  [null, 'all'],
  ['source', 'none'],
  ['environment', 'none'],
  ['install', 'none'],
  ['build', 'dependencies'],
  ['migrate', 'all'],
  ['package', 'all'],
  ['health', 'all'],
  ['switch', 'all'],
  ['cleanup', 'all'],
] as const)('from %s it may reuse: %s', (from, reuse) => {
  expect(reuseOfRetry(from)).toBe(reuse);
});

import type { OutputEvent } from '@switchyard/domain';
import { expect, test } from 'vitest';
import { NO_OUTPUT, withOutput } from './output-lines.ts';

const event = (id: number, lines: string[]): OutputEvent => ({
  id,
  type: 'output',
  at: 0,
  instanceId: 'ins_123456',
  deploymentId: 'dep_123456',
  number: 1,
  lines,
  droppedLines: 0,
});

test('lines are added with keys of their own, and the oldest go where there are too many', () => {
  const first = withOutput(NO_OUTPUT, [event(1, ['a', 'b']), event(2, ['c'])], 4);
  const second = withOutput(first, [event(3, ['d', 'e'])], 4);
  expect(second.map(({ text }) => text)).toEqual(['b', 'c', 'd', 'e']);
  expect(new Set(second.map(({ key }) => key)).size).toBe(4);
});

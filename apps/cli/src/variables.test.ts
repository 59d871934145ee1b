import picocolors from 'picocolors';
import { expect, it } from 'vitest';
import { parseAssignments, variableRows, versionRows } from './variables.ts';

it('takes NAME=VALUE words, and one value from standard input', () => {
  expect(parseAssignments(['A=1', 'B=x=y', 'C=', 'D', '-'])).toEqual({
    values: { A: '1', B: 'x=y', C: '' },
    fromInput: 'D',
  });
});

it.each([[['A']], [['=1']], [['-']], [['A=1', '-']]])('%j is refused without repeating it', (words) => {
  expect(() => parseAssignments(words)).toThrow('Say NAME=VALUE, or NAME - for a value from standard input.');
});

it('takes no second value from standard input', () => {
  expect(() => parseAssignments(['A', '-', 'B', '-'])).toThrow(/one value only/);
});

it('shows the value of a variable that is not sensitive', () => {
  const base = { scope: 'both', environment: 'production', version: 1, updatedAt: 1_000 } as const;
  const variables = [
    { ...base, name: 'TOKEN', sensitive: true },
    { ...base, name: 'MODE', sensitive: false, value: 'fast' },
  ];
  expect(variableRows(variables, 61_000, picocolors.createColors(false))).toEqual([
    'NAME   SCOPE  VALUE   SET',
    'TOKEN  both   hidden  1 min ago',
    'MODE   both   fast    1 min ago',
  ]);
});

it('shows when a variable was set and deleted', () => {
  const versions = [
    { version: 7, createdAt: 61_000, removed: true, scope: null, sensitive: null },
    { version: 3, createdAt: 1_000, removed: false, scope: 'run', sensitive: true },
  ] as const;
  expect(versionRows(versions, 121_000, picocolors.createColors(false)).map((row) => row.trimEnd())).toEqual([
    'VERSION  CHANGE   SCOPE  VALUE   WHEN',
    '7        deleted                 1 min ago',
    '3        set      run    hidden  2 min ago',
  ]);
});

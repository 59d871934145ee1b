import { expect, it } from 'vitest';
import { colorsOnly } from './output.ts';

it('an app’s colours stay and end with their line; what would steer the terminal goes', () => {
  expect(colorsOnly('plain\ttext')).toBe('plain\ttext');
  expect(colorsOnly('\u001B[31mred')).toBe('\u001B[31mred\u001B[0m');
  expect(colorsOnly('a\u001B[2Jb\u0007c\u001B]0;title\u0007d\u009B2J')).toBe('a[2Jbc]0;titled2J');
});

import { expect, it } from 'vitest';
import { parseDuration } from './processes.ts';

it.each([
  ['90', 90_000],
  ['90s', 90_000],
  ['20m', 1_200_000],
  ['1h', 3_600_000],
  ['500ms', 500],
  ['0', 0],
  ['', null],
  ['-1', null],
  ['1.5m', null],
  ['20 m', null],
  ['1d', null],
])('a deadline of %j', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

import type { LogEvent } from '@switchyard/domain';
import { expect, test } from 'vitest';
import { appendLog, chunked, NO_LINES, stagesIn } from './log-store.ts';

const event = (stage: LogEvent['data']['stage'], firstLine: number, lines: string[], attempt = 1): LogEvent => ({
  id: firstLine,
  type: 'log',
  at: 0,
  deploymentId: 'dep_123456',
  data: { stage, attempt, firstLine, lines },
});

test('lines keep their numbers and a key of their own, also over attempts', () => {
  const { lines } = appendLog(NO_LINES, [
    event('install', 1, ['a', 'b']),
    event('install', 1, ['again'], 2),
    event('build', 7, ['c']),
  ]);
  expect(lines.map(({ key, number }) => [key, number])).toEqual([
    ['install-1-1', 1],
    ['install-1-2', 2],
    ['install-2-1', 1],
    ['build-1-7', 7],
  ]);
  expect(stagesIn(lines)).toEqual(['install', 'build']);
});

test('the oldest lines go where there are too many, and are counted', () => {
  const first = appendLog(NO_LINES, [event('build', 1, ['1', '2', '3'])], 4);
  const second = appendLog(first, [event('build', 4, ['4', '5', '6'])], 4);
  expect(second.lines.map(({ text }) => text)).toEqual(['3', '4', '5', '6']);
  expect(second.dropped).toBe(2);
});

test('full groups stay the same when lines are added', () => {
  const log = appendLog(NO_LINES, [event('build', 1, Array.from({ length: 450 }, String))]);
  const more = appendLog(log, [event('build', 451, ['x'])]);
  expect(chunked(log.lines).map(({ lines }) => lines.length)).toEqual([200, 200, 50]);
  expect(
    chunked(more.lines)
      .slice(0, 2)
      .map(({ key }) => key),
  ).toEqual(
    chunked(log.lines)
      .slice(0, 2)
      .map(({ key }) => key),
  );
});

import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { formatLogLine, formatPlainLine, isNoise, type LineContext, parseLogLine } from './log-lines.ts';

const plain: LineContext = { colors: picocolors.createColors(false), nameOf: () => undefined };
const time = new Date(2026, 0, 2, 12, 3, 4).toISOString();
const line = (fields: object) =>
  parseLogLine(JSON.stringify({ level: 'info', time, process: 'worker', pid: 1, ...fields }))!;
const shown = (fields: object, context = plain): string => formatLogLine(line(fields), context);

test('an event is one line: time, process, stage, deployment, what happened', () => {
  expect(shown({ stage: 'build', app: 'hello', number: 1, msg: 'running npm run build' })).toBe(
    '12:03:04 worker   build       hello #1  running npm run build',
  );
  expect(shown({ process: 'router', msg: 'listening' })).toBe('12:03:04 router   listening');
});

test('a field of another shape does not hide the line', () => {
  expect(shown({ stage: 7, app: {}, number: 'x', err: 'text', msg: 'still here' })).toBe(
    '12:03:04 worker   still here',
  );
});

test('the end of a stage says how it ended and how long it took', () => {
  expect(
    shown({ stage: 'build', app: 'hello', number: 2, result: 'timed_out', ms: 1_800_000, msg: 'stage ended' }),
  ).toMatch(/build +hello #2 {2}timed out after 30 min 0 s$/);
});

test('a deployment that is known by id alone gets its name where one is known', () => {
  const nameOf = (id: string) => (id === 'dep_123456' ? 'hello #7' : undefined);
  expect(shown({ deploymentId: 'dep_123456', msg: 'started' }, { ...plain, nameOf })).toBe(
    '12:03:04 worker   hello #7  started',
  );
});

test('warnings and errors say that they are, also without colour', () => {
  expect(shown({ level: 'warn', msg: 'slow' })).toContain('warning slow');
  expect(
    shown({
      level: 'error',
      msg: 'it failed',
      err: { type: 'Error', message: 'disk full', stack: 'Error: disk full\n at x' },
    }),
  ).toMatch(/error it failed: disk full$/);
});

test('only an error that nobody foresaw shows its stack', () => {
  const err = { message: 'boom', stack: 'Error: boom\n    at here' };
  expect(shown({ level: 'fatal', msg: 'unexpected error', err })).toContain('at here');
  expect(shown({ level: 'fatal', code: 'config-invalid', msg: 'set X', err })).not.toContain('at here');
});

test('debug output and well-answered reads are noise; writes and failures are not', () => {
  const request = (method: string, level: string) =>
    line({ level, msg: `${method} /v1/apps → 202`, req: { method, path: '/v1/apps' }, res: { status: 202 } });
  expect(isNoise(line({ level: 'debug', msg: 'x' }))).toBe(true);
  expect(isNoise(request('GET', 'info'))).toBe(true);
  expect(isNoise(request('POST', 'info'))).toBe(false);
  expect(isNoise(request('GET', 'error'))).toBe(false);
  expect(formatLogLine(request('POST', 'info'), plain)).toBe('12:03:04 worker   POST /v1/apps → 202');
});

test('what is no log line is told apart, and cannot act on the terminal', () => {
  expect(parseLogLine('Error: boom')).toBeNull();
  expect(parseLogLine('{"level":"loud"}')).toBeNull();
  expect(parseLogLine('{half')).toBeNull();
  expect(formatPlainLine('\u001B[2Jtext\u0007', 'api', new Date(2026, 0, 2, 1, 2, 3), plain.colors)).toBe(
    '01:02:03 api      text',
  );
});

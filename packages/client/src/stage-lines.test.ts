import type { DeploymentEvent } from '@switchyard/domain';
import { expect, test } from 'vitest';
import { diagnosisLines, formatDuration, type LineColors, printable, stageLines } from './stage-lines.ts';

const plain: LineColors = { bold: String, dim: String, red: String, green: String, yellow: String };
const at = (type: DeploymentEvent['type'], time: number, data: object): DeploymentEvent =>
  ({ id: 1, type, at: time, deploymentId: 'dep_123456', data }) as DeploymentEvent;

test('a stage is one line with the time it took and what was reused', () => {
  const lines = stageLines(plain);
  expect(lines(at('stage.started', 1_000, { stage: 'install', attempt: 1 }))).toEqual([]);
  const cache = { result: 'hit', key: 'k', because: null };
  const [line] = lines(at('stage.succeeded', 1_040, { stage: 'install', attempt: 1, cache, note: null }));
  expect(line).toMatch(/✓ Install dependencies\s+40 ms {2}reused$/);
});

test('a failure that is tried again looks different from the last one', () => {
  const lines = stageLines(plain);
  const failed = { stage: 'source', attempt: 1, note: 'the host does not answer' };
  expect(lines(at('stage.failed', 5, { ...failed, retryAt: 10 }))[0]).toContain('↻');
  expect(lines(at('stage.failed', 5, { ...failed, retryAt: null }))[0]).toContain('✗');
});

test('a diagnosis shows what happened, the evidence and what to do', () => {
  const lines = diagnosisLines(
    {
      cause: 'typescript-error',
      stage: 'build',
      title: 'TypeScript found an error',
      explanation: 'The build stops.',
      fix: 'Fix src/a.ts:3.',
      evidence: [{ line: 12, text: '\u001B[31msrc/a.ts(3,1): error\u001B[0m' }],
      details: {},
      fault: 'user',
      confidence: 1,
    },
    plain,
  );
  expect(lines.join('\n')).toContain('TypeScript found an error (typescript-error, stage build)');
  expect(lines.join('\n')).toContain('   12 │ src/a.ts(3,1): error');
  expect(lines.join('\n')).toContain('What to do\n  Fix src/a.ts:3.');
});

test('durations read as people say them', () => {
  expect([0, 999, 1_000, 59_949, 59_960, 200_000, 3_600_000, 7_500_000].map(formatDuration)).toEqual([
    '0 ms',
    '999 ms',
    '1.0 s',
    '59.9 s',
    '1 min 0 s',
    '3 min 20 s',
    '1 h 0 min',
    '2 h 5 min',
  ]);
});

test('foreign text cannot act on the terminal', () => {
  expect(printable('a\u001B[2Jb\u0007c\u001B]0;title\u0007d\te')).toBe('abc]0;titled\te');
});

import { describe, expect, test } from 'vitest';
// @boundaries-ignore the decision under test
import { afterSecondRun, failedFiles, filesToRunAgain, SECOND_RUN_FILES } from '../../scripts/ci/failures.mjs';

type Outcome = 'passed' | 'failed' | 'skipped';

/** A report as vitest writes it; a file whose hook or import failed is given as a text. */
function report(files: Record<string, Outcome[] | string>) {
  const testResults = Object.entries(files).map(([name, told]) => ({
    name,
    status: typeof told === 'string' || told.includes('failed') ? 'failed' : 'passed',
    message: typeof told === 'string' ? told : '',
    assertionResults: (typeof told === 'string' ? [] : told).map((status, index) => ({
      fullName: `test ${index}`,
      status,
      failureMessages: status === 'failed' ? [`AssertionError: in test ${index}`] : [],
    })),
  }));
  const count = (status: Outcome) =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter((one) => one.status === status).length;
  return { numPassedTests: count('passed'), numFailedTests: count('failed'), testResults };
}

const names = (failures: readonly { file: string }[]) => failures.map(({ file }) => file);

describe('of a report', () => {
  test('failed tests are named with their first message', () => {
    expect(failedFiles(report({ a: ['passed'], b: ['passed', 'failed'] }))).toEqual([
      { file: 'b', tests: [{ name: 'test 1', why: 'AssertionError: in test 1' }] },
    ]);
  });

  test('a file that failed outside of its tests is named itself', () => {
    expect(failedFiles(report({ a: 'no such module' }))).toEqual([
      { file: 'a', tests: [{ name: '(the file)', why: 'no such module' }] },
    ]);
  });

  test('a few files run again, many do not', () => {
    const few = Object.fromEntries(Array.from({ length: SECOND_RUN_FILES }, (_, index) => [`${index}`, 'failed']));
    expect(filesToRunAgain(report({ ...few, ok: ['passed'] }))).toEqual(Object.keys(few));
    expect(filesToRunAgain(report({ ...few, more: ['failed'] }))).toEqual([]);
  });
});

describe('after the second run', () => {
  test('a file that passes whole was unsteady: its tests count as passed', () => {
    const first = report({ a: ['passed', 'failed'], b: ['passed'] });
    const settled = afterSecondRun(first, report({ a: ['passed', 'passed'] }));
    expect(settled).toMatchObject({ passed: 3, failed: 0, lasting: [] });
    expect(names(settled.unsteady)).toEqual(['a']);
  });

  test('a file whose hook failed counts with all of its tests once it passes', () => {
    const settled = afterSecondRun(report({ a: 'hook timed out', b: ['passed'] }), report({ a: ['passed', 'passed'] }));
    expect(settled).toMatchObject({ passed: 3, failed: 0 });
  });

  test('a file that fails again keeps its failures, also when another test of it failed', () => {
    const first = report({ a: ['passed', 'failed'], b: ['failed'] });
    const settled = afterSecondRun(first, report({ a: ['failed', 'passed'], b: ['passed'] }));
    expect(settled).toMatchObject({ passed: 2, failed: 1 });
    expect(names(settled.lasting)).toEqual(['a']);
    expect(names(settled.unsteady)).toEqual(['b']);
  });

  test.each([
    ['left no report', undefined],
    ['did not run the file', report({})],
    ['skipped everything in it', report({ a: ['skipped'] })],
  ])('one that %s takes nothing back', (_, second) => {
    expect(afterSecondRun(report({ a: ['failed', 'passed'] }), second)).toMatchObject({ passed: 1, failed: 1 });
  });
});

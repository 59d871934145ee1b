/**
 * Of vitest's JSON report, what is read here.
 *
 * @typedef {object} Report
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {readonly ReportedFile[]} testResults
 *
 * @typedef {object} ReportedFile
 * @property {string} name absolute path
 * @property {string} status
 * @property {string} [message] why the file as a whole failed: an import, a hook
 * @property {readonly { fullName: string, status: string, failureMessages?: readonly string[] | null }[]} assertionResults
 *
 * @typedef {object} Failed
 * @property {string} file
 * @property {readonly { name: string, why: string }[]} tests at least one
 */

// Test files of a tier that may be asked again. More than this is no bad moment of the machine.
export const SECOND_RUN_FILES = 3;
const WHY_CHARACTERS = 600;

/**
 * The files that failed, each with its failed tests; a file that failed outside of its tests (import, hook) is named itself.
 *
 * @param {Report} report
 * @returns {Failed[]}
 */
export function failedFiles(report) {
  return report.testResults
    .map(({ name, status, message, assertionResults }) => {
      const tests = assertionResults
        .filter((test) => test.status === 'failed')
        .map((test) => ({ name: test.fullName, why: firstOf(test.failureMessages?.join('\n')) }));
      if (tests.length === 0 && status === 'failed') tests.push({ name: '(the file)', why: firstOf(message) });
      return { file: name, tests };
    })
    .filter(({ tests }) => tests.length > 0);
}

/**
 * The files to run a second time, alone: those that failed, unless they are too many.
 *
 * @param {Report} report
 */
export function filesToRunAgain(report) {
  const files = failedFiles(report).map(({ file }) => file);
  return files.length <= SECOND_RUN_FILES ? files : [];
}

/**
 * What the second run says of the first: a file that now passes whole was unsteady, and its failures no longer count; every other keeps them.
 *
 * @param {Report} first
 * @param {Report | undefined} second `undefined` when it left no report
 * @returns {{ passed: number, failed: number, unsteady: Failed[], lasting: Failed[] }}
 */
export function afterSecondRun(first, second) {
  const again = (second?.testResults ?? []).filter((file) => file.status === 'passed' && passedIn(file) > 0);
  const failures = failedFiles(first);
  const before = (/** @type {string} */ name) => first.testResults.find((file) => file.name === name);
  const unsteady = failures.filter(({ file }) => again.some(({ name }) => name === file));
  const lasting = failures.filter((failure) => !unsteady.includes(failure));
  const gained = unsteady.map(({ file }) => {
    const now = again.find(({ name }) => name === file);
    return (now ? passedIn(now) : 0) - passedIn(before(file));
  });
  return {
    passed: gained.reduce((sum, count) => sum + count, first.numPassedTests),
    failed: lasting.reduce((sum, { tests }) => sum + tests.length, 0),
    unsteady,
    lasting,
  };
}

function passedIn(/** @type {ReportedFile | undefined} */ file) {
  return file?.assertionResults.filter(({ status }) => status === 'passed').length ?? 0;
}

function firstOf(text = '') {
  const own = text.split('\n').filter((line) => !line.includes('node_modules'));
  return own.join('\n').trim().slice(0, WHY_CHARACTERS);
}

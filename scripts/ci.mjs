import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterSecondRun, failedFiles, filesToRunAgain } from './ci/failures.mjs';
import { main } from './process/failure.mjs';
import { endLeftovers } from './process/leftovers.mjs';
import { root } from './process/root.mjs';
import { environment, run } from './process/run.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { tiers } from './tiers.mjs';

const CHECK_TIMEOUT_MS = 4 * 60_000;
const SECOND_RUN_TIMEOUT_MS = 4 * 60_000;
const MARK = 'SWITCHYARD_CI_RUN';
const GRACE_MS = 5_000;

/** @typedef {import('./ci/failures.mjs').Failed} Failed */

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} [tier]
 * @property {readonly string[]} command
 * @property {string} report in the directory of reports
 * @property {number} timeoutMs
 */

/** @returns {Part[]} */
function parts() {
  const tests = Object.entries(tiers).map(([tier, { timeoutMs }]) => ({
    name: `tests: ${tier}`,
    tier,
    command: tier === 'default' ? ['npm', 'test'] : [process.execPath, 'scripts/test.mjs', '--tier', tier],
    report: `tests-${tier}.json`,
    timeoutMs,
  }));
  return [
    ...tests,
    { name: 'checks', command: ['npm', 'run', 'check'], report: 'check.json', timeoutMs: CHECK_TIMEOUT_MS },
  ];
}

/** Runs a command with nothing of it left afterwards; what was left is ended, told, and makes it fail. */
async function runWhole(command, { env, timeoutMs, mark }) {
  const [program, ...args] = command;
  const { code, timedOut, interrupted } = await run(program, args, { env, timeoutMs });
  const left = await endLeftovers({ mark }, GRACE_MS);
  for (const { pid, command: line } of left) console.log(`left behind and ended: process ${pid}: ${line}`);
  return { succeeded: code === 0 && !timedOut && left.length === 0, timedOut, clean: left.length === 0, interrupted };
}

const read = (report) => (existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined);

/**
 * What a part has to show for itself. The few test files that failed run once more, alone, and the failures of those that then pass whole are
 * told, not counted (docs/decisions/0028). A part that failed without a count of failures failed once as a whole.
 *
 * @param {Part} part
 * @returns {Promise<{ passed: number, failed: number, unsteady: Failed[], lasting: Failed[] }>}
 */
async function resultOf({ tier, report }, ended, { reports, env, mark }) {
  const told = read(join(reports, report));
  const failures = told?.testResults ? failedFiles(told) : [];
  const files =
    failures.length > 0 && ended.clean && !ended.timedOut && !ended.interrupted ? filesToRunAgain(told) : [];
  if (files.length === 0) {
    const passed = told?.numPassedTests ?? told?.passed ?? 0;
    const failed = Math.max(told?.numFailedTests ?? told?.failed ?? 0, ended.succeeded ? 0 : 1);
    return { passed, failed, unsteady: [], lasting: failures };
  }
  console.log(`\n=== once more, alone: ${files.map((file) => relative(root, file)).join(' ')}`);
  const again = join(reports, 'again');
  const command = [process.execPath, 'scripts/test.mjs', '--tier', tier ?? '', '--no-file-parallelism', ...files];
  const options = { env: { ...env, SWITCHYARD_REPORTS: again }, timeoutMs: SECOND_RUN_TIMEOUT_MS, mark };
  const { clean } = await runWhole(command, options);
  return afterSecondRun(told, clean ? read(join(again, report)) : undefined);
}

function tell(title, failures) {
  if (failures.length === 0) return;
  console.log(`\n${title}`);
  for (const { file, tests } of failures) {
    for (const { name, why } of tests)
      console.log(`- ${relative(root, file)}: ${name}\n${why.replaceAll(/^/gm, '    ')}`);
  }
}

await main(async () => {
  requirePrerequisites();
  const reports = mkdtempSync(join(tmpdir(), 'switchyard-reports-'));
  const mark = `${MARK}=${process.pid}-${Date.now()}`;
  const [key, value] = mark.split('=');
  const env = environment({ CI: 'true', SWITCHYARD_REPORTS: reports, [key]: value });
  const results = [];
  try {
    for (const part of parts()) {
      const { name, command, timeoutMs } = part;
      const shown = command.join(' ').replace(process.execPath, 'node');
      console.log(`\n=== ${name}: ${shown} (at most ${timeoutMs / 60_000} min)`);
      const startedAt = performance.now();
      const ended = await runWhole(command, { env, timeoutMs, mark });
      const result = await resultOf(part, ended, { reports, env, mark });
      const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
      results.push({ ...result, name, took: `${minutes} min${ended.timedOut ? ' (TIMED OUT)' : ''}` });
      if (ended.interrupted) break;
    }
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  console.log('');
  for (const { name, passed, failed, took } of results) {
    console.log(`${name.padEnd(20)} ${passed} passed, ${failed} failed, ${took}`);
  }
  tell(
    'Unsteady: failed, and passed when their file ran once more, alone. Each is a defect to mend:',
    results.flatMap((result) => result.unsteady),
  );
  tell(
    'Failed:',
    results.flatMap((result) => result.lasting),
  );
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
});

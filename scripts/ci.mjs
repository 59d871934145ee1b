import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from './process/failure.mjs';
import { endLeftovers } from './process/leftovers.mjs';
import { environment, run } from './process/run.mjs';
import { requirePrerequisites } from './setup/prerequisites.mjs';
import { tiers } from './tiers.mjs';

const CHECK_TIMEOUT_MS = 5 * 60_000;
const MARK = 'SWITCHYARD_CI_RUN';
const GRACE_MS = 5_000;

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {readonly string[]} command
 * @property {string} report in the directory of reports
 * @property {number} timeoutMs
 */

/** @returns {Part[]} */
function parts() {
  const tests = Object.entries(tiers).map(([name, { timeoutMs }]) => ({
    name: `tests: ${name}`,
    command: name === 'default' ? ['npm', 'test'] : [process.execPath, 'scripts/test.mjs', '--tier', name],
    report: `tests-${name}.json`,
    timeoutMs,
  }));
  return [
    ...tests,
    { name: 'checks', command: ['npm', 'run', 'check'], report: 'check.json', timeoutMs: CHECK_TIMEOUT_MS },
  ];
}

/** Counts of a part; one that failed without a count of failures failed once as a whole. */
function countsOf(report, succeeded) {
  const counts = { passed: 0, failed: 0 };
  if (existsSync(report)) {
    const told = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed = told.numPassedTests ?? told.passed;
    counts.failed = told.numFailedTests ?? told.failed;
  }
  if (!succeeded && counts.failed === 0) counts.failed = 1;
  return counts;
}

await main(async () => {
  requirePrerequisites();
  const reports = mkdtempSync(join(tmpdir(), 'switchyard-reports-'));
  const mark = `${MARK}=${process.pid}-${Date.now()}`;
  const [key, value] = mark.split('=');
  const env = environment({ CI: 'true', SWITCHYARD_REPORTS: reports, [key]: value });
  const total = { passed: 0, failed: 0 };
  const summary = [];
  try {
    for (const { name, command, report, timeoutMs } of parts()) {
      console.log(
        `\n=== ${name}: ${command.join(' ').replace(process.execPath, 'node')} (at most ${timeoutMs / 60_000} min)`,
      );
      const startedAt = performance.now();
      const [program, ...args] = command;
      const { code, timedOut, interrupted } = await run(program, args, { env, timeoutMs });
      const left = await endLeftovers({ mark }, GRACE_MS);
      for (const { pid, command: line } of left) console.log(`left behind and ended: process ${pid}: ${line}`);
      const { passed, failed } = countsOf(join(reports, report), code === 0 && !timedOut && left.length === 0);
      total.passed += passed;
      total.failed += failed;
      const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
      summary.push(
        `${name.padEnd(20)} ${passed} passed, ${failed} failed, ${minutes} min${timedOut ? ' (TIMED OUT)' : ''}`,
      );
      if (interrupted) break;
    }
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  console.log(`\n${summary.join('\n')}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
});

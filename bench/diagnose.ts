import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diagnoseOutput } from '@switchyard/diagnose';

/**
 * How many saved outputs of real failures are explained rightly. They are no part of this repository: the directory is named by
 * `SWITCHYARD_FAILURES`, else it is `../shared/failures`; `labels.jsonl` in it has a line per output (`file`, `stage`, `exit_code`,
 * `cause`, `also_ok`, `must_mention`).
 *
 * `--json`.
 */

interface Label {
  readonly file: string;
  readonly stage: Parameters<typeof diagnoseOutput>[0]['stage'];
  readonly exit_code: number | null;
  readonly cause: string;
  readonly also_ok: readonly string[];
  readonly must_mention: readonly string[];
}

function labelOf(line: string): Label {
  const value: unknown = JSON.parse(line);
  if (!isLabel(value)) throw new Error(`no label: ${line.slice(0, 200)}`);
  return value;
}

function isLabel(value: unknown): value is Label {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['file', 'stage', 'exit_code', 'cause', 'also_ok', 'must_mention'].every((name) => name in value)
  );
}

const NONE = 'none';
const REACH = { causes: 0.95, details: 0.9, falseAlarms: 0, mebibyteMs: 50 };
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const directory = process.env['SWITCHYARD_FAILURES'] ?? join(root, '..', 'shared', 'failures');
const share = (part: number, whole: number): number => (whole === 0 ? 1 : Number((part / whole).toFixed(4)));

function told(label: Label): { found: string; mentions: boolean } {
  const output = readFileSync(join(directory, label.file), 'utf8');
  const { diagnosis } = diagnoseOutput({ output, stage: label.stage, exitCode: label.exit_code });
  if (diagnosis === null) return { found: NONE, mentions: false };
  const { title, explanation, fix, details } = diagnosis;
  const text = [title, explanation, fix, ...Object.values(details)].join('\n');
  const mentions = label.must_mention.length === 0 || label.must_mention.some((one) => text.includes(one));
  return { found: diagnosis.cause, mentions };
}

function corpusRows(labels: readonly Label[]): { rows: object[]; confusions: Map<string, number> } {
  const answers = labels.map((label) => ({ label, ...told(label) }));
  const failed = answers.filter(({ label }) => label.cause !== NONE);
  const right = answers.filter(({ label, found }) => found === label.cause || label.also_ok.includes(found));
  const detailed = failed.filter(
    ({ label, found, mentions }) => mentions && (found === label.cause || label.also_ok.includes(found)),
  );
  const alarms = answers.filter(({ label, found }) => label.cause === NONE && found !== NONE);
  const causesSeen = [...new Set(answers.map(({ label }) => label.cause))];
  const shares = causesSeen.map((cause) => {
    const of = answers.filter(({ label }) => label.cause === cause);
    return share(of.filter((one) => right.includes(one)).length, of.length);
  });
  const confusions = new Map<string, number>();
  for (const { label, found } of answers.filter((one) => !right.includes(one)))
    confusions.set(`${label.cause} → ${found}`, (confusions.get(`${label.cause} → ${found}`) ?? 0) + 1);
  const row = (name: string, value: number, unit: string, reach: number, holds: boolean) => ({
    name,
    value,
    unit,
    against: `${labels.length} outputs`,
    reach,
    holds,
  });
  const causes = share(right.length, answers.length);
  const details = share(detailed.length, failed.length);
  const mean = share(
    shares.reduce((sum, one) => sum + one, 0),
    shares.length,
  );
  return {
    rows: [
      row('right cause', causes, 'share', REACH.causes, causes >= REACH.causes),
      row('right cause, mean of causes', mean, 'share', REACH.causes, mean >= REACH.causes),
      row('detail extracted', details, 'share', REACH.details, details >= REACH.details),
      row(
        'diagnoses of successful runs',
        alarms.length,
        'outputs',
        REACH.falseAlarms,
        alarms.length <= REACH.falseAlarms,
      ),
    ],
    confusions,
  };
}

/** One MiB of a build's output with its error at the end; the median of rounds after a first one. */
function mebibyteRow(): object {
  const lines: string[] = [];
  for (let index = 0, length = 0; length < 1_048_576; index++) {
    const line = `@acme/web:build: transforming src/components/part-${index}.tsx (${index % 97} modules)`;
    lines.push(line);
    length += line.length + 1;
  }
  const output = `${lines.join('\n')}\nsrc/cart.ts(3,39): error TS2339: Property 'quantity' does not exist on type 'Item'.`;
  const times = Array.from({ length: 12 }, () => {
    const start = performance.now();
    diagnoseOutput({ output, stage: 'build', exitCode: 2 });
    return performance.now() - start;
  });
  const value = Math.round(times.slice(1).toSorted((a, b) => a - b)[5] ?? 0);
  return {
    name: '1 MiB of output',
    value,
    unit: 'ms',
    against: 'one diagnosis',
    reach: REACH.mebibyteMs,
    holds: value < REACH.mebibyteMs,
  };
}

const labelsFile = join(directory, 'labels.jsonl');
const labels = existsSync(labelsFile)
  ? readFileSync(labelsFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(labelOf)
  : null;
const { rows, confusions } = labels === null ? { rows: [], confusions: new Map<string, number>() } : corpusRows(labels);
const all = [...rows, mebibyteRow()];
if (labels === null)
  process.stderr.write(
    `There are no labelled outputs in ${directory}: only the time is measured. SWITCHYARD_FAILURES names another directory.\n`,
  );
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
else {
  console.table(all);
  if (labels !== null) {
    console.log(
      confusions.size === 0 ? 'No output was taken for another cause.' : 'Taken for another cause (is → was told):',
    );
    if (confusions.size > 0) console.table([...confusions].map(([is, count]) => ({ 'is → told': is, outputs: count })));
  }
}

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { dashboardQueries, metricsIn } from './dashboard.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

test('Prometheus takes its configuration', async () => {
  const { stdout } = await run('promtool', ['check', 'config', join(root, 'ops/prometheus/prometheus.yml')]);
  expect(stdout).toContain('SUCCESS');
});

test('Prometheus understands every query of the dashboard', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rules-'));
  try {
    const rules = (await dashboardQueries()).map(({ expression }, index) => ({
      record: `query:${index}`,
      expr: expression,
    }));
    // JSON is YAML too.
    await writeFile(join(directory, 'rules.yml'), JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const { stdout } = await run('promtool', ['check', 'rules', join(directory, 'rules.yml')]);
    expect(stdout).toContain(`${rules.length} rules found`);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('the dashboard asks for no metric that docs/metrics.md does not name', async () => {
  const text = await readFile(join(root, 'docs/metrics.md'), 'utf8');
  const named = new Set(text.match(/\bswitchyard_\w+/g));
  const asked = (await dashboardQueries()).flatMap(({ expression }) => metricsIn(expression));
  expect(asked.map((metric) => metric.replace(/_bucket$/, '')).filter((metric) => !named.has(metric))).toEqual([]);
});

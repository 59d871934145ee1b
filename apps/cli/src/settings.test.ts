import { expect, it } from 'vitest';
import { CommandError } from './command-error.ts';
import { patchOfWords, settingRows } from './settings.ts';

const plan = {
  v: 1,
  language: 'node',
  framework: null,
  root: '.',
  runtime: { name: 'node', wanted: '22' },
  packageManager: null,
  install: null,
  build: null,
  migrate: null,
  start: { kind: 'command', command: 'node a.js' },
  health: { path: null, timeLimitMs: 1_000 },
  warnings: [],
  reasons: [
    { subject: 'node', choice: '22', decider: 'file', because: '' },
    { subject: 'start', choice: 'node a.js', decider: 'detected', because: '' },
    { subject: 'build', choice: 'old', decider: 'settings', because: '' },
    { subject: 'health', choice: '/health, /healthz, then /', decider: 'detected', because: '' },
  ],
} as const;

it('every value is shown with where it comes from', () => {
  const shown = { ...plan, persist: [], warnings: [], reasons: [...plan.reasons] };
  const rows = settingRows({ replicas: 3, health: { path: '/up' }, install: false }, { number: 4, plan: shown });
  expect(rows.map(({ field, value, from }) => `${field}=${value} ${from}`)).toEqual([
    'node=22 switchyard.json (#4)',
    'install=false settings',
    'start=node a.js detected (#4)',
    'health.path=/up settings',
    'health.timeLimitMs=60000 default',
    'branch=the repository’s default branch default',
    'replicas=3 settings',
    'retention.releases=5 default',
    'retention.deployments=100 default',
    'retention.days=30 default',
  ]);
});

it('words become a merge patch', () => {
  expect(patchOfWords(['build=npm run a=b', 'health.path=/up', 'health.timeLimitMs=9000', 'install=false'])).toEqual({
    build: 'npm run a=b',
    health: { path: '/up', timeLimitMs: 9_000 },
    install: false,
  });
  expect(patchOfWords(['limits.build.memoryMiB=512', 'limits.build.cpus=2', 'limits.run.cpus=1'])).toEqual({
    limits: { build: { memoryMiB: 512, cpus: 2 }, run: { cpus: 1 } },
  });
  expect(() => patchOfWords(['buld=x'])).toThrow(CommandError);
  expect(() => patchOfWords(['buld=x'])).toThrow('did you mean build?');
  expect(() => patchOfWords(['build'])).toThrow('FIELD=VALUE');
});

import { type AppSummary, printable } from '@switchyard/client';
import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { age, appRows, statusCell, table } from './text.ts';

const plain = picocolors.createColors(false);
const coloured = picocolors.createColors(true);

test('columns stand in line, with and without colour', () => {
  const cells = [
    [{ plain: 'a', shown: coloured.bold('a') }, { plain: 'x' }],
    [{ plain: 'long' }, { plain: 'y' }],
  ];
  expect(table(cells).map((line) => printable(line))).toEqual(['a     x', 'long  y']);
});

test('apps show what is live, or that nothing is', () => {
  const app: AppSummary = {
    id: 'app_abcdef',
    teamId: 'team_default',
    name: 'hello',
    repository: 'r',
    branch: null,
    createdAt: 0,
    url: 'http://hello.localhost:7080',
    live: null,
    stoppedAt: null,
  };
  const live = {
    releaseId: 'rel_abcdef',
    deploymentId: 'dep_abcdef',
    number: 3,
    commit: null,
    liveAt: 1_000,
    weight: 100,
  } as const;
  const [, first, second] = appRows([app, { ...app, name: 'shop', live }], 61_000, plain);
  expect(first).toMatch(/^hello\s+nothing/);
  expect(second).toMatch(/^shop\s+#3\s+1 min ago\s+http/);
});

test('ages and states read as people say them', () => {
  expect([0, 20_000, 90_000, 7_200_000, 200_000_000].map((ago) => age(0, ago))).toEqual([
    'just now',
    '20 s ago',
    '1 min ago',
    '2 h ago',
    '2 d ago',
  ]);
  expect(statusCell('timed_out', plain).plain).toBe('timed out');
});

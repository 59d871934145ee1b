import { expect, it } from 'vitest';
import { mayForget, type RetentionFacts } from './retention.ts';
import { DeploymentStatus } from './transitions.ts';

const id = 'dep_aaaaaa';
const old = { id, status: 'failed', endedAt: 1_000 } as const;
const facts: RetentionFacts = { released: new Set(), routes: [], running: new Set(), now: 11_000, ageMs: 10_000 };

it('a deployment that is over for long enough may be forgotten, whichever way it ended', () => {
  for (const status of DeploymentStatus.options)
    expect(mayForget({ ...old, status }, facts)).toBe(!['queued', 'running', 'cancelling'].includes(status));
});

it.each<[string, Partial<typeof old> | { endedAt: null | number }, Partial<RetentionFacts>]>([
  ['ended a moment too late', { endedAt: 1_001 }, {}],
  ['has no end', { endedAt: null }, {}],
  ['made a release that is kept', {}, { released: new Set([id]) }],
  ['has instances', {}, { running: new Set([id]) }],
  [
    'is live, if only for some visitors',
    {},
    {
      routes: [
        {
          weights: [
            { releaseId: 'rel_bbbbbb', deploymentId: 'dep_bbbbbb', weight: 100 },
            { releaseId: 'rel_aaaaaa', deploymentId: id, weight: 0 },
          ],
        },
      ],
    },
  ],
])('one that %s is not', (_, change, other) => {
  expect(mayForget({ ...old, ...change }, { ...facts, ...other })).toBe(false);
});

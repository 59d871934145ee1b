import type { Release, ReleaseId } from '@switchyard/domain';
import { expect, it } from 'vitest';
import { releasesToPrune } from './retention.ts';

function release(number: number, liveAt: number | null): Release {
  return {
    v: 1,
    id: `rel_${number}aaaaaa`,
    teamId: 'team_default',
    appId: 'app_aaaaaa',
    environmentId: 'env_aaaaaa',
    deploymentId: `dep_${number}aaaaaa`,
    number,
    commit: null,
    snapshot: { key: `rel-${number}`, placement: 'any' },
    plan: {
      v: 1,
      language: 'static',
      framework: null,
      root: '.',
      runtime: { name: 'node', wanted: '24' },
      packageManager: null,
      install: null,
      build: null,
      migrate: null,
      start: { kind: 'static', directory: '.', spa: false },
      health: { path: null, timeLimitMs: 1_000 },
      warnings: [],
      persist: [],
      reasons: [],
    },
    createdAt: number,
    liveAt,
  };
}

const idOf = (number: number): ReleaseId => release(number, null).id;

it('keeps the newest that were live, what is pinned besides, what is in the route, and what an unfinished deployment uses', () => {
  const live = [9, 8, 7, 6, 5, 4].map((number) => release(number, number));
  const pinned = { ...release(2, 2), pinned: true };
  const neverLive = [release(10, null), release(3, null)];
  const pruned = releasesToPrune({
    releases: [pinned, ...live, ...neverLive],
    inRoute: new Set([idOf(6)]),
    inUse: new Set([idOf(4)]),
    unfinished: new Set(['dep_10aaaaaa']),
    kept: 2,
  });
  expect(pruned.map(({ number }) => number)).toEqual([7, 5, 3]);
});

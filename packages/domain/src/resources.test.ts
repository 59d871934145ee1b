import { describe, expect, it } from 'vitest';
import { LIMITS } from './limits.ts';
import { RepositorySettings } from './plan.ts';
import { decideLimits, formatBytes, NO_MAXIMA } from './resources.ts';
import { stageTimeLimitMs } from './stage-time-limit.ts';

const GIB = 1024 ** 3;
const FALLBACK = { memoryBytes: 4 * GIB, cpus: null, processes: 4096, openFiles: 65_536 };

describe('the limits of a start', () => {
  it('are the defaults where nobody says anything', () => {
    expect(decideLimits(undefined, FALLBACK, NO_MAXIMA)).toEqual({ limits: FALLBACK, cut: [] });
  });

  it('are the app’s wish, one by one', () => {
    const { limits, cut } = decideLimits({ memoryMiB: 8192, cpus: 1.5 }, FALLBACK, NO_MAXIMA);
    expect(limits).toEqual({ ...FALLBACK, memoryBytes: 8 * GIB, cpus: 1.5 });
    expect(cut).toEqual([]);
  });

  it('are never above the operator’s maximum, and a wish that was cut is said', () => {
    const maxima = { memoryBytes: 2 * GIB, cpus: 2, processes: 100, openFiles: 200 };
    const asked = decideLimits({ memoryMiB: 8192, cpus: 4, processes: 101, openFiles: 200 }, FALLBACK, maxima);
    expect(asked.limits).toEqual(maxima);
    expect(asked.cut).toEqual([
      "memory: 8 GiB is above this farm's maximum; 2 GiB it is",
      "cpus: 4 is above this farm's maximum; 2 it is",
      "processes: 101 is above this farm's maximum; 100 it is",
    ]);
    expect(decideLimits(undefined, FALLBACK, maxima)).toEqual({ limits: maxima, cut: [] });
  });

  it('below the maximum are left alone', () => {
    const maxima = { ...NO_MAXIMA, memoryBytes: 16 * GIB };
    expect(decideLimits({ memoryMiB: 512 }, FALLBACK, maxima).limits.memoryBytes).toBe(512 * 1024 ** 2);
  });
});

it.each([
  [412 * 1024 ** 2, '412 MiB'],
  [4 * GIB, '4 GiB'],
  [1.5 * GIB, '1.5 GiB'],
  [0.75 * 1024 ** 2, '0.8 MiB'],
])('%i bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

describe('a stage’s time limit', () => {
  it('is the app’s, the stage’s most where it has none', () => {
    expect(stageTimeLimitMs('build', { timeLimitsMs: { build: 5_000 } })).toBe(5_000);
    expect(stageTimeLimitMs('install', { timeLimitsMs: { build: 5_000 } })).toBe(LIMITS.stageTimeLimitMs.install);
    expect(stageTimeLimitMs('pin', null)).toBe(LIMITS.stageTimeLimitMs.source);
  });

  it('is never above the stage’s most, whatever a record says', () => {
    const most = LIMITS.stageTimeLimitMs.build;
    expect(stageTimeLimitMs('build', { timeLimitsMs: { build: most + 1 } })).toBe(most);
  });

  it('above the most is refused in the settings, as is an unknown stage', () => {
    const parse = (timeLimitsMs: unknown) => RepositorySettings.safeParse({ timeLimitsMs }).success;
    expect(parse({ build: LIMITS.stageTimeLimitMs.build })).toBe(true);
    expect(parse({ build: LIMITS.stageTimeLimitMs.build + 1 })).toBe(false);
    expect(parse({ switch: 1_000 })).toBe(false);
    expect(parse({ migrate: 0 })).toBe(false);
  });
});

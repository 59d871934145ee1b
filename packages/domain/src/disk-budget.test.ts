import { describe, expect, it } from 'vitest';
import { decideEviction, diskBounds, type EvictionQuestion, expectedBytes, type KeptItem } from './disk-budget.ts';
import { LIMITS } from './limits.ts';

const NOW = 10 * LIMITS.diskRestMs;
const GIB = 1024 ** 3;

const item = (name: string, bytes: number, age: number, kind: KeptItem['kind'] = 'snapshot'): KeptItem => ({
  kind,
  name,
  bytes,
  lastUsedAt: NOW - age,
});
const old = (index: number) => LIMITS.diskRestMs + index;

const decide = (question: Partial<EvictionQuestion>) => {
  const { evict, ...rest } = decideEviction({
    items: [],
    isPinned: () => false,
    budgetBytes: 100,
    reserveBytes: 10,
    freeBytes: 1_000,
    neededBytes: 0,
    now: NOW,
    ...question,
  });
  return { ...rest, evict: evict.map(({ name }) => name) };
};

describe('eviction', () => {
  const three = [item('newer', 40, old(1)), item('oldest', 40, old(3)), item('older', 40, old(2))];

  it.each([
    ['within the budget nothing goes', { budgetBytes: 120 }, [], 0],
    ['one byte too much takes the longest unused', { budgetBytes: 119 }, ['oldest'], 0],
    ['as many go as it takes, and no more', { budgetBytes: 80 }, ['oldest'], 0],
    ['the next goes where one is not enough', { budgetBytes: 79 }, ['oldest', 'older'], 0],
    ['with no budget all go', { budgetBytes: 0 }, ['oldest', 'older', 'newer'], 0],
    ['a disk at its reserve keeps everything', { budgetBytes: 120, freeBytes: 10 }, [], 0],
    ['a disk below its reserve is made room on', { budgetBytes: 120, freeBytes: 9 }, ['oldest'], 0],
    [
      'what is about to be written counts against the disk',
      { budgetBytes: 999, freeBytes: 50, neededBytes: 41 },
      ['oldest'],
      0,
    ],
    ['what is about to be written counts against the budget', { budgetBytes: 130, neededBytes: 11 }, ['oldest'], 0],
    ['the larger want counts, not the sum', { budgetBytes: 119, freeBytes: 9 }, ['oldest'], 0],
    [
      'what can’t be freed is said',
      { budgetBytes: 999, freeBytes: 0, neededBytes: 150 },
      ['oldest', 'older', 'newer'],
      40,
    ],
  ])('%s', (_, question, evict, shortBytes) => {
    expect(decide({ items: three, ...question })).toMatchObject({ evict, shortBytes });
  });

  it('never takes what is pinned, and says what it is short of', () => {
    const answer = decide({ items: three, budgetBytes: 0, isPinned: ({ name }) => name !== 'older' });
    expect(answer).toMatchObject({ evict: ['older'], shortBytes: 80 });
  });

  it.each([
    [LIMITS.diskRestMs + 1, ['it']],
    [LIMITS.diskRestMs, []],
    [0, []],
    [-LIMITS.diskRestMs, []],
  ])('takes what was used %i ms ago: %j', (age, evict) => {
    expect(decide({ items: [item('it', 500, age)] }).evict).toEqual(evict);
  });

  it('takes the larger of two that were used at the same time, and nothing that frees nothing', () => {
    const items = [item('empty', 0, old(9)), item('small', 10, old(1)), item('large', 90, old(1))];
    expect(decide({ items, budgetBytes: 50 }).evict).toEqual(['large']);
  });

  it('takes no more than its brake at once', () => {
    const items = Array.from({ length: LIMITS.maxEvictions + 5 }, (_, index) => item(`s${index}`, 1, old(index)));
    const answer = decide({ items, budgetBytes: 0 });
    expect(answer.evict).toHaveLength(LIMITS.maxEvictions);
    expect(answer.shortBytes).toBe(5);
  });

  it('asks all kinds alike, and adds them up', () => {
    const items = [
      item('s', 1, old(1)),
      item('d', 2, old(4), 'downloads'),
      item('t', 3, old(3), 'toolchain'),
      item('m', 4, old(2), 'mirror'),
    ];
    const answer = decide({ items, budgetBytes: 0 });
    expect(answer.evict).toEqual(['d', 't', 'm', 's']);
    expect(answer.keptBytes).toEqual({ snapshot: 1, downloads: 2, toolchain: 3, mirror: 4 });
  });
});

describe('bounds', () => {
  it('are shares of the disk unless they are set', () => {
    const none = { budgetBytes: null, reserveBytes: null };
    expect(diskBounds(20 * GIB, none)).toEqual({ budgetBytes: 10 * GIB, reserveBytes: 1 * GIB });
    expect(diskBounds(1_000 * GIB, none).reserveBytes).toBe(LIMITS.maxDiskReserveBytes);
    expect(diskBounds(20 * GIB, { budgetBytes: 5, reserveBytes: 0 })).toEqual({ budgetBytes: 5, reserveBytes: 0 });
  });
});

describe('what a stage is expected to write', () => {
  it('is what the last one took, and never next to nothing', () => {
    expect(expectedBytes(null)).toBe(LIMITS.leastResultBytes);
    expect(expectedBytes(1)).toBe(LIMITS.leastResultBytes);
    expect(expectedBytes(LIMITS.leastResultBytes + 1)).toBe(LIMITS.leastResultBytes + 1);
  });
});

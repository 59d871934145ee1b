import { describe, expect, it } from 'vitest';
import { chooseShare, chooseTarget, type Pick } from './balance.ts';

/** Picks these numbers in turn, each of which must be in range. */
function script(...numbers: number[]): Pick {
  const left = [...numbers];
  return (count) => {
    const next = left.shift() ?? -1;
    if (next < 0 || next >= count) throw new Error(`asked for one of ${count}, had ${next}`);
    return next;
  };
}
const never: Pick = () => {
  throw new Error('there was nothing to pick');
};

describe('chooseShare', () => {
  it('gives each share exactly its weight', () => {
    const shares = [
      { name: 'old', weight: 90 },
      { name: 'new', weight: 10 },
      { name: 'test', weight: 3 },
    ];
    const counts: Record<string, number> = {};
    for (let point = 0; point < 103; point++) {
      const name = chooseShare(shares, script(point))?.name ?? 'none';
      counts[name] = (counts[name] ?? 0) + 1;
    }
    expect(counts).toEqual({ old: 90, new: 10, test: 3 });
    expect(() => chooseShare(shares, script(103))).toThrow('one of 103');
  });

  it('takes the only one without picking, and none where there is none', () => {
    expect(chooseShare([{ weight: 1 }], never)).toEqual({ weight: 1 });
    expect(chooseShare([], never)).toBeNull();
  });
});

describe('chooseTarget', () => {
  const targets = [{ inFlight: 3 }, { inFlight: 1 }, { inFlight: 2 }];

  it('looks at two different ones and takes the one with fewer requests in flight', () => {
    const seen = new Set<string>();
    for (let first = 0; first < 3; first++) {
      for (let second = 0; second < 2; second++) {
        const other = (first + 1 + second) % 3;
        expect(other).not.toBe(first);
        seen.add(`${first} ${other}`);
        const fewest = Math.min(targets[first]!.inFlight, targets[other]!.inFlight);
        expect(chooseTarget(targets, script(first, second))?.inFlight).toBe(fewest);
      }
    }
    expect(seen.size).toBe(6);
  });

  it('takes the one picked first where both have as many', () => {
    const same = [
      { name: 'a', inFlight: 0 },
      { name: 'b', inFlight: 0 },
    ];
    expect(chooseTarget(same, script(0, 0))?.name).toBe('a');
    expect(chooseTarget(same, script(1, 0))?.name).toBe('b');
  });

  it('takes the only one without picking, and none where there is none', () => {
    expect(chooseTarget([{ inFlight: 7 }], never)).toEqual({ inFlight: 7 });
    expect(chooseTarget([], never)).toBeNull();
  });
});

import { describe, expect, it } from 'vitest';
import {
  DEPLOYMENT_STATUSES,
  DEPLOYMENT_TRANSITIONS,
  isFinal,
  isStageFinal,
  mayMove,
  mayStageMove,
  OUTCOMES,
  STAGE_STATUSES,
  STAGE_TRANSITIONS,
} from './transitions.ts';

function reachable(table: Readonly<Record<string, readonly string[]>>, from: string): Set<string> {
  const seen = new Set([from]);
  for (const state of seen) for (const next of table[state] ?? []) seen.add(next);
  return seen;
}

describe.each([
  { name: 'deployment', table: DEPLOYMENT_TRANSITIONS, states: DEPLOYMENT_STATUSES, first: 'queued' },
  { name: 'stage', table: STAGE_TRANSITIONS, states: STAGE_STATUSES, first: 'pending' },
] as const)('the life of a $name', ({ table, states, first }) => {
  it('reaches every state from the first', () => {
    expect([...reachable(table, first)].sort()).toEqual([...states].sort());
  });

  it('leads from every state to an end', () => {
    for (const state of states) {
      const ends = [...reachable(table, state)].filter(
        (reached) => (table as Record<string, readonly string[]>)[reached]?.length === 0,
      );
      expect(ends, state).not.toEqual([]);
    }
  });

  it('never comes back to the first state', () => {
    for (const state of states) expect((table as Record<string, readonly string[]>)[state]).not.toContain(first);
  });
});

describe('a deployment', () => {
  it('is final in exactly the five outcomes, and then accepts nothing', () => {
    expect(DEPLOYMENT_STATUSES.filter(isFinal)).toEqual([...OUTCOMES]);
    for (const from of OUTCOMES) for (const to of DEPLOYMENT_STATUSES) expect(mayMove(from, to)).toBe(false);
  });

  it('is cancelled only by way of `cancelling`, once it runs', () => {
    expect(mayMove('running', 'cancelled')).toBe(false);
    expect(mayMove('cancelling', 'cancelled')).toBe(true);
  });
});

describe('a stage', () => {
  it('goes back only from running to waiting', () => {
    const order = new Map(STAGE_STATUSES.map((status, index) => [status, index]));
    const back = STAGE_STATUSES.flatMap((from) =>
      STAGE_TRANSITIONS[from]
        .filter((to) => (order.get(to) ?? 0) < (order.get(from) ?? 0))
        .map((to) => `${from} → ${to}`),
    );
    expect(back).toEqual(['running → waiting']);
  });

  it('accepts nothing once it has ended', () => {
    for (const from of STAGE_STATUSES.filter(isStageFinal)) {
      for (const to of STAGE_STATUSES) expect(mayStageMove(from, to)).toBe(false);
    }
  });
});

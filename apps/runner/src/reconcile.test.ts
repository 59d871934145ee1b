import { LIMITS } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { type ReconcileFacts, reconcile } from './reconcile.ts';

const NOTHING: ReconcileFacts = { epoch: 2, isBehind: false, desired: [], oneOffs: [], found: [], kept: new Set() };
const found = (id: 'ins_aaaaaa' | 'run_aaaaaa', state: 'running' | 'exited' = 'running', epoch = 2) => ({
  id,
  epoch,
  state,
});

describe('what is desired', () => {
  it('and looked after by nobody is kept, whether it runs already or not', () => {
    expect(reconcile({ ...NOTHING, desired: [{ id: 'ins_aaaaaa' }] }).keepInstances).toEqual(['ins_aaaaaa']);
    const adopted = reconcile({ ...NOTHING, desired: [{ id: 'ins_aaaaaa' }], found: [found('ins_aaaaaa')] });
    expect(adopted).toMatchObject({ keepInstances: ['ins_aaaaaa'], orphans: [], strangers: [] });
  });

  it('and looked after already is left alone', () => {
    const facts = {
      ...NOTHING,
      desired: [{ id: 'ins_aaaaaa' as const }],
      found: [found('ins_aaaaaa')],
      kept: new Set(['ins_aaaaaa'] as const),
    };
    expect(reconcile(facts)).toEqual({ keepInstances: [], keepOneOffs: [], letGo: [], orphans: [], strangers: [] });
  });

  it('is adopted from before Redis was lost too', () => {
    const facts = { ...NOTHING, desired: [{ id: 'ins_aaaaaa' as const }], found: [found('ins_aaaaaa', 'running', 1)] };
    expect(reconcile(facts)).toMatchObject({ keepInstances: ['ins_aaaaaa'], strangers: [] });
  });
});

describe('a one-off', () => {
  it.each(['wanted', 'running'] as const)('that is %s is kept', (state) => {
    expect(reconcile({ ...NOTHING, oneOffs: [{ id: 'run_aaaaaa', state }] }).keepOneOffs).toEqual(['run_aaaaaa']);
  });

  it.each(['exited', 'unknown', 'cancelled'] as const)(
    'that is %s is not started again, and its output stays while its record does',
    (state) => {
      const actions = reconcile({
        ...NOTHING,
        oneOffs: [{ id: 'run_aaaaaa', state }],
        found: [found('run_aaaaaa', 'exited')],
      });
      expect(actions).toMatchObject({ keepOneOffs: [], orphans: [] });
    },
  );
});

describe('what nobody wants', () => {
  it('is let go when it is looked after', () => {
    expect(
      reconcile({ ...NOTHING, found: [found('ins_aaaaaa')], kept: new Set(['ins_aaaaaa'] as const) }),
    ).toMatchObject({ letGo: ['ins_aaaaaa'], orphans: [] });
  });

  it.each(['running', 'exited'] as const)('and is found %s is removed', (state) => {
    expect(reconcile({ ...NOTHING, found: [found('ins_aaaaaa', state)] })).toMatchObject({
      orphans: ['ins_aaaaaa'],
      strangers: [],
    });
  });

  it('and is found in numbers is removed a few at a time', () => {
    const many = [1, 2, 3, 4, 5, 6, 7].map((digit) => ({ ...found('ins_aaaaaa'), id: `ins_aaaaa${digit}` as const }));
    expect(reconcile({ ...NOTHING, found: many }).orphans).toHaveLength(LIMITS.maxSweepRemovals);
  });

  it('as far as a Redis knows that has gone back in time, is left alone', () => {
    const facts = { ...NOTHING, isBehind: true, found: [found('ins_aaaaaa'), found('run_aaaaaa')] };
    const nothingGoes = { letGo: [], orphans: [], strangers: [] };
    expect(reconcile({ ...facts, kept: new Set(['ins_aaaaaa'] as const) })).toMatchObject(nothingGoes);
    expect(reconcile({ ...facts, desired: [{ id: 'ins_bbbbbb' }] })).toMatchObject({
      ...nothingGoes,
      keepInstances: ['ins_bbbbbb'],
    });
  });

  it('and stems from before Redis was lost is reported and never destroyed', () => {
    expect(reconcile({ ...NOTHING, found: [found('ins_aaaaaa', 'running', 1)] })).toMatchObject({
      orphans: [],
      strangers: ['ins_aaaaaa'],
    });
  });
});

import { describe, expect, it } from 'vitest';
import { type WaitFacts, waitOf } from './wait.ts';

type SlotFacts = Extract<WaitFacts, { reason: 'slot' }>;

const NOW = 1_000_000;

const slot = (facts: Partial<SlotFacts>) =>
  waitOf(
    {
      reason: 'slot',
      since: NOW - 5_000,
      use: { farm: { taken: 8, limit: 8 }, team: { taken: 1, limit: 4 }, app: { taken: 0, limit: 2 } },
      inApp: { ahead: 0, of: 1 },
      inTeam: { ahead: 0, of: 1 },
      otherTeams: [],
      durationsMs: { app: [], farm: [] },
      ...facts,
    },
    NOW,
  );

const use = (full: { farm?: boolean; team?: boolean; app?: boolean }): SlotFacts['use'] => ({
  farm: { taken: full.farm ? 8 : 1, limit: 8 },
  team: { taken: full.team ? 4 : 1, limit: 4 },
  app: { taken: full.app ? 2 : 1, limit: 2 },
});

describe('who waits for a slot', () => {
  const rows = { inApp: { ahead: 1, of: 3 }, inTeam: { ahead: 4, of: 9 }, otherTeams: [{ waiting: 2, isFirst: true }] };

  it.each([
    [{ app: true }, 'app', 2, 2, 3],
    [{ team: true }, 'team', 4, 5, 9],
    [{ team: true, app: true }, 'team', 4, 5, 9],
    [{ farm: true }, 'farm', 8, 7, 11],
    [{ farm: true, app: true }, 'farm', 8, 7, 11],
    [{ farm: true, team: true }, 'farm', 8, 7, 11],
    [{ farm: true, team: true, app: true }, 'farm', 8, 7, 11],
  ] as const)(
    'is told of the widest limit that is reached, and its place in that row (%o)',
    (full, limit, slots, position, of) => {
      expect(slot({ use: use(full), ...rows })).toMatchObject({ for: { limit, slots }, position, of });
    },
  );

  it('is told that a slot is free when one is', () => {
    expect(slot({ use: use({}), ...rows })).toMatchObject({
      for: { limit: null, slots: null },
      position: 1,
      of: 1,
      estimateMs: 0,
      text: 'It is about to get a slot; it is next.',
    });
  });

  it('has teams before it by their turns, not by how much they have waiting', () => {
    const place = (waiting: number, isFirst: boolean, ahead: number) =>
      slot({ inTeam: { ahead, of: 10 }, otherTeams: [{ waiting, isFirst }] }).position;
    expect(place(500, true, 0)).toBe(2);
    expect(place(500, false, 0)).toBe(1);
    expect(place(500, true, 3)).toBe(8);
    expect(place(500, false, 3)).toBe(7);
    expect(place(1, true, 3)).toBe(5);
    expect(place(0, true, 3)).toBe(4);
    const three = [
      { waiting: 500, isFirst: true },
      { waiting: 500, isFirst: false },
      { waiting: 1, isFirst: true },
    ];
    expect(slot({ inTeam: { ahead: 2, of: 3 }, otherTeams: three })).toMatchObject({
      position: 1 + 2 + 3 + 2 + 1,
      of: 1_004,
    });
  });

  it('stands in a row that is never shorter than its place', () => {
    expect(slot({ use: use({ app: true }), inApp: { ahead: 3, of: 0 } })).toMatchObject({ position: 4, of: 4 });
  });

  it('gets an estimate by how long stages took lately, of the app where only that is full', () => {
    const durationsMs = { app: [1_000, 3_000], farm: [8_000, 24_000] };
    expect(slot({ use: use({ app: true }), inApp: { ahead: 1, of: 2 }, durationsMs }).estimateMs).toBe(2_000);
    expect(slot({ inTeam: { ahead: 1, of: 2 }, durationsMs }).estimateMs).toBe(4_000);
    expect(slot({ durationsMs: { app: [1], farm: [] } }).estimateMs).toBeNull();
    expect(slot({ use: use({ app: true }), durationsMs: { app: [], farm: [1] } }).estimateMs).toBeNull();
  });

  it.each([
    [{}, 'All 8 slots of the farm are taken; it is next.'],
    [{ inTeam: { ahead: 1, of: 2 } }, 'All 8 slots of the farm are taken; 1 goes before it.'],
    [
      { inTeam: { ahead: 7, of: 8 }, durationsMs: { app: [], farm: [120_000] } },
      'All 8 slots of the farm are taken; 7 go before it, some 2 min.',
    ],
    [
      { inTeam: { ahead: 0, of: 1 }, durationsMs: { app: [], farm: [100] } },
      'All 8 slots of the farm are taken; it is next, some 1 s.',
    ],
    [{ durationsMs: { app: [], farm: [8 * 7_200_000] } }, 'All 8 slots of the farm are taken; it is next, some 2 h.'],
    [{ use: { ...use({ app: true }), app: { taken: 1, limit: 1 } } }, 'The one slot of the app is taken; it is next.'],
    [{ use: use({ team: true }) }, 'All 4 slots of the team are taken; it is next.'],
  ] as const)('is told so in a sentence', (facts, text) => {
    expect(slot(facts).text).toBe(text);
  });
});

describe('who waits for the gate', () => {
  const holder = { deploymentId: 'dep_aaaaaaaa', number: 7, since: NOW - 30_000 } as const;

  it('is told which deployment is in it, since when, and how long it may be', () => {
    expect(waitOf({ reason: 'gate', since: NOW - 1_000, holder, durationsMs: [40_000, 60_000] }, NOW)).toEqual({
      reason: 'gate',
      since: NOW - 1_000,
      position: null,
      of: null,
      estimateMs: 20_000,
      for: holder,
      text: 'Deployment #7 is between migrate and switch, for 30 s now; this one goes on when it has left.',
    });
  });

  it('gets no estimate where there is nothing to judge by, and none below zero', () => {
    const estimate = (facts: object) =>
      waitOf({ reason: 'gate', since: null, holder, durationsMs: [10_000], ...facts }, NOW).estimateMs;
    expect(estimate({})).toBe(0);
    expect(estimate({ durationsMs: [] })).toBeNull();
    expect(estimate({ holder: { ...holder, since: null } })).toBeNull();
    expect(estimate({ holder: null })).toBeNull();
    expect(waitOf({ reason: 'gate', since: null, holder: null, durationsMs: [] }, NOW)).toMatchObject({
      for: null,
      text: 'Another deployment is between migrate and switch; this one goes on when it has left.',
    });
  });
});

describe('who waits for something else', () => {
  it('for a hold: why, and no estimate', () => {
    const hold = { reason: 'the migration’s outcome is unknown.', deploymentId: 'dep_aaaaaaaa', at: 5 } as const;
    expect(waitOf({ reason: 'hold', since: 6, hold }, NOW)).toMatchObject({
      estimateMs: null,
      for: { why: hold.reason, deploymentId: hold.deploymentId, at: 5 },
      text: 'The environment is on hold: the migration’s outcome is unknown. It goes on when somebody lifts the hold.',
    });
    expect(waitOf({ reason: 'hold', since: 6, hold: null }, NOW)).toMatchObject({
      for: null,
      text: 'The environment is on hold. It goes on when somebody lifts the hold.',
    });
  });

  it('for the next attempt: when', () => {
    expect(waitOf({ reason: 'retry', since: 6, at: NOW + 3_000 }, NOW)).toMatchObject({
      estimateMs: 3_000,
      for: { at: NOW + 3_000 },
      text: 'It is tried again in 3 s.',
    });
    expect(waitOf({ reason: 'retry', since: 6, at: NOW - 1 }, NOW)).toMatchObject({
      estimateMs: 0,
      text: 'It is tried again now.',
    });
  });

  it('for a result: whose', () => {
    const maker = { deploymentId: 'dep_aaaaaaaa', number: 4 } as const;
    expect(waitOf({ reason: 'result', since: 6, maker }, NOW)).toMatchObject({
      estimateMs: null,
      for: maker,
      text: 'Deployment #4 makes what this one needs, from the same inputs.',
    });
    expect(waitOf({ reason: 'result', since: 6, maker: null }, NOW)).toMatchObject({
      for: null,
      text: 'Another deployment makes what this one needs, from the same inputs.',
    });
  });
});

describe('a database', () => {
  const facts = { reason: 'database', since: 1, isHeld: false, inLine: { ahead: 2, of: 4 }, other: null } as const;
  const other = { deploymentId: 'dep_aaaaaa', number: 7 } as const;

  it('has a line, and tells whose migration goes before it where that is the team’s own', () => {
    expect(waitOf({ ...facts, other }, 10)).toMatchObject({ position: 3, of: 4, for: other, estimateMs: null });
    expect(waitOf({ ...facts, other }, 10).text).toContain('#7');
    expect(waitOf(facts, 10)).toMatchObject({ for: null });
    expect(waitOf(facts, 10).text).toContain('another team');
  });

  it('that is on hold has none: a person has to look first', () => {
    expect(waitOf({ ...facts, isHeld: true, other }, 10)).toMatchObject({ position: null, of: null, for: other });
    expect(waitOf({ ...facts, isHeld: true, other }, 10).text).toContain('hold');
  });
});

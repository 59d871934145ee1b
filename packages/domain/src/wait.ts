import { z } from 'zod';
import { DeploymentId } from './ids.ts';

/** Milliseconds since the epoch. */
const Time = z.int().nonnegative();

const common = {
  /** null: it is not known (it began to wait under an earlier version). */
  since: Time.nullable(),
  /** 1: it is next. null where nothing stands in a row. */
  position: z.int().positive().nullable(),
  /** How many stand in that row, this one included. */
  of: z.int().positive().nullable(),
  /** How long it may still take, judged by how long it took lately; null where there is nothing to judge by. */
  estimateMs: z.int().nonnegative().nullable(),
  /** The same in a sentence. */
  text: z.string(),
};

const Other = z.object({ deploymentId: DeploymentId, number: z.int().positive() });

/** Why a deployment does not go on although it could, and for what. */
export const Wait = z
  .discriminatedUnion('reason', [
    z.object({
      reason: z.literal('slot'),
      ...common,
      /** Whose slots are all taken, and how many these are; the widest where it is several. null: one is free, and it is about to get it. */
      for: z.object({ limit: z.enum(['app', 'team', 'farm']).nullable(), slots: z.int().positive().nullable() }),
    }),
    z.object({
      reason: z.literal('gate'),
      ...common,
      /** The deployment between migrate and switch, and since when it is there. */
      for: Other.extend({ since: Time.nullable() }).nullable(),
    }),
    z.object({
      reason: z.literal('hold'),
      ...common,
      for: z.object({ why: z.string(), deploymentId: DeploymentId, at: Time }).nullable(),
    }),
    z.object({ reason: z.literal('retry'), ...common, for: z.object({ at: Time }) }),
    z.object({
      reason: z.literal('result'),
      ...common,
      /** The deployment that makes what this one needs. */
      for: Other.nullable(),
    }),
    z.object({
      reason: z.literal('database'),
      ...common,
      /** The deployment that migrates before it, or whose migration's outcome is not known; null where it is another team's. */
      for: Other.nullable(),
    }),
  ])
  .meta({ id: 'Wait' });
export type Wait = z.infer<typeof Wait>;
type WaitOf<Reason extends Wait['reason']> = Extract<Wait, { reason: Reason }>;

interface Use {
  readonly taken: number;
  readonly limit: number;
}

/** What a store knows of a wait at one moment. */
export type WaitFacts =
  | {
      readonly reason: 'slot';
      readonly since: number | null;
      readonly use: { readonly farm: Use; readonly team: Use; readonly app: Use };
      /** Those that stand before it, and all, in its app's and its team's row. */
      readonly inApp: { readonly ahead: number; readonly of: number };
      readonly inTeam: { readonly ahead: number; readonly of: number };
      /** How many of each other team wait, and whether its turn comes before this team's. */
      readonly otherTeams: readonly { readonly waiting: number; readonly isFirst: boolean }[];
      /** How long stages of its app, and of the farm, took lately. */
      readonly durationsMs: { readonly app: readonly number[]; readonly farm: readonly number[] };
    }
  | {
      readonly reason: 'gate';
      readonly since: number | null;
      readonly holder: {
        readonly deploymentId: DeploymentId;
        readonly number: number;
        readonly since: number | null;
      } | null;
      /** How long deployments of the app were between migrate and switch lately. */
      readonly durationsMs: readonly number[];
    }
  | {
      readonly reason: 'hold';
      readonly since: number | null;
      readonly hold: { readonly reason: string; readonly deploymentId: DeploymentId; readonly at: number } | null;
    }
  | { readonly reason: 'retry'; readonly since: number | null; readonly at: number }
  | {
      readonly reason: 'result';
      readonly since: number | null;
      readonly maker: { readonly deploymentId: DeploymentId; readonly number: number } | null;
    }
  | {
      readonly reason: 'database';
      readonly since: number | null;
      /** Nobody migrates it until a person has looked at it. */
      readonly isHeld: boolean;
      readonly inLine: { readonly ahead: number; readonly of: number };
      /** Of its own team alone. */
      readonly other: { readonly deploymentId: DeploymentId; readonly number: number } | null;
    };

export function waitOf(facts: WaitFacts, now: number): Wait {
  switch (facts.reason) {
    case 'slot':
      return waitForSlot(facts);
    case 'gate':
      return waitForGate(facts, now);
    case 'hold': {
      const { hold, since } = facts;
      const why = hold?.reason ?? null;
      return {
        ...NO_ROW,
        reason: 'hold',
        since,
        estimateMs: null,
        for: hold === null ? null : { why: hold.reason, deploymentId: hold.deploymentId, at: hold.at },
        text: `The environment is on hold${why === null ? '' : `: ${why.replace(/\.$/, '')}`}. It goes on when somebody lifts the hold.`,
      };
    }
    case 'retry': {
      const estimateMs = Math.max(0, facts.at - now);
      const when = estimateMs === 0 ? 'now' : `in ${roughly(estimateMs)}`;
      const text = `It is tried again ${when}.`;
      return { ...NO_ROW, reason: 'retry', since: facts.since, estimateMs, for: { at: facts.at }, text };
    }
    case 'result': {
      const { maker, since } = facts;
      const text = `${maker === null ? 'Another deployment' : `Deployment #${maker.number}`} makes what this one needs, from the same inputs.`;
      return { ...NO_ROW, reason: 'result', since, estimateMs: null, for: maker, text };
    }
    case 'database':
      return waitForDatabase(facts);
  }
}

const NO_ROW = { position: null, of: null } as const;

type SlotFacts = Extract<WaitFacts, { reason: 'slot' }>;

function waitForSlot(facts: SlotFacts): WaitOf<'slot'> {
  const limit = widestFull(facts.use);
  const { ahead, of } = rowOf(facts, limit);
  const slots = limit === null ? null : facts.use[limit].limit;
  const lately = limit === 'app' ? facts.durationsMs.app : facts.durationsMs.farm;
  const estimateMs = slots === null ? 0 : estimate(ahead + 1, slots, lately);
  const before = ahead === 0 ? 'it is next' : `${ahead} ${ahead === 1 ? 'goes' : 'go'} before it`;
  const whose = { app: 'of the app', team: 'of the team', farm: 'of the farm' };
  const why =
    limit === null
      ? 'It is about to get a slot'
      : slots === 1
        ? `The one slot ${whose[limit]} is taken`
        : `All ${slots} slots ${whose[limit]} are taken`;
  const soon = estimateMs === null || estimateMs === 0 ? '' : `, some ${roughly(estimateMs)}`;
  return {
    reason: 'slot',
    since: facts.since,
    position: ahead + 1,
    of: Math.max(of, ahead + 1),
    estimateMs,
    for: { limit, slots },
    text: `${why}; ${before}${soon}.`,
  };
}

function widestFull(use: SlotFacts['use']): 'app' | 'team' | 'farm' | null {
  const isFull = ({ taken, limit }: Use): boolean => taken >= limit;
  return (['farm', 'team', 'app'] as const).find((scope) => isFull(use[scope])) ?? null;
}

/** Of teams in turn, each gets one slot for every one that this team gets, and one more where its turn comes first. */
function rowOf({ inApp, inTeam, otherTeams }: SlotFacts, limit: 'app' | 'team' | 'farm' | null) {
  if (limit === null) return { ahead: 0, of: 1 };
  if (limit === 'app') return inApp;
  if (limit === 'team') return inTeam;
  const others = otherTeams.map(({ waiting, isFirst }) => Math.min(waiting, inTeam.ahead + (isFirst ? 1 : 0)));
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  return {
    ahead: inTeam.ahead + total(others),
    of: inTeam.of + total(otherTeams.map(({ waiting }) => waiting)),
  };
}

/** With `slots` at work, one is given back every mean-duration-by-slots on average. */
function estimate(position: number, slots: number, durationsMs: readonly number[]): number | null {
  const mean = meanOf(durationsMs);
  return mean === null ? null : Math.round((position * mean) / slots);
}

function waitForGate(facts: Extract<WaitFacts, { reason: 'gate' }>, now: number): WaitOf<'gate'> {
  const { holder, since, durationsMs } = facts;
  const mean = meanOf(durationsMs);
  const entered = holder?.since ?? null;
  const estimateMs = mean === null || entered === null ? null : Math.max(0, Math.round(mean - (now - entered)));
  const who = holder === null ? 'Another deployment' : `Deployment #${holder.number}`;
  const text = `${who} is between migrate and switch${entered === null ? '' : `, for ${roughly(now - entered)} now`}; this one goes on when it has left.`;
  return { ...NO_ROW, reason: 'gate', since, estimateMs, for: holder, text };
}

function waitForDatabase({
  since,
  isHeld,
  inLine,
  other,
}: Extract<WaitFacts, { reason: 'database' }>): WaitOf<'database'> {
  const base = { reason: 'database', since, estimateMs: null, for: other } as const;
  const whose = other === null ? 'another team’s deployment' : `deployment #${other.number}`;
  if (isHeld)
    return {
      ...base,
      ...NO_ROW,
      text: `Its database is on hold: how far the migration of ${whose} came is not known. It goes on when somebody has looked and lifts the hold.`,
    };
  const { ahead } = inLine;
  return {
    ...base,
    position: ahead + 1,
    of: Math.max(inLine.of, ahead + 1),
    text: `Its database is migrated by ${whose}; this one goes on when that has ended.`,
  };
}

function meanOf(durationsMs: readonly number[]): number | null {
  if (durationsMs.length === 0) return null;
  return durationsMs.reduce((sum, duration) => sum + duration, 0) / durationsMs.length;
}

function roughly(ms: number): string {
  if (ms < 60_000) return `${Math.max(1, Math.round(ms / 1_000))} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

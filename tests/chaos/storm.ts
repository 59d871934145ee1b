import { setTimeout as pause } from 'node:timers/promises';
import type { DeploymentView } from '@switchyard/client';
import { LIMITS } from '@switchyard/domain';
import type { System } from '../harness/system.ts';
import { waitFor } from '../harness/wait-for.ts';
import type { ChaosFarm, Push } from './chaos-farm.ts';
import { leftoversOf } from './leftovers.ts';
import { type Chance, chanceOf } from './random.ts';

/** What is struck, and how. */
export type Strike = 'kill a worker' | 'kill Redis, api or runner' | 'stop a worker past its lease';

export interface StormOptions {
  readonly seed: number;
  readonly strike: Strike;
  readonly pushes: number;
  readonly workers: number;
  /** From one strike, and the start of a killed worker's successor, to the next; a half more or less. */
  readonly everyMs: number;
  /** Whether jobs of dead workers are waited for too: BullMQ looks for them every half minute. */
  readonly jobs: boolean;
  readonly say?: (line: string) => void;
}

/** What came of a storm. All but the counts in the first three lines have to be empty. */
export interface StormResult {
  readonly strikes: Readonly<Record<string, number>>;
  /** From the first push to the last end. */
  readonly seconds: number;
  /** How deployments of good versions ended, and of those that are made to fail. */
  readonly good: Readonly<Record<string, number>>;
  readonly bad: Readonly<Record<string, number>>;
  readonly lostAttempts: number;
  /** Good ones that neither succeeded nor were superseded, with why. */
  readonly failedGood: readonly string[];
  /** Made to fail, and not told as their user's fault. */
  readonly misjudged: readonly string[];
  readonly twice: readonly string[];
  readonly unmigrated: readonly string[];
  readonly backwards: readonly string[];
  readonly visitFailures: readonly string[];
  readonly holds: readonly string[];
  readonly leftovers: readonly string[];
}

const END_TIMEOUT_MS = 300_000;
const START_TIMEOUT_MS = 60_000;
const PUT_AWAY_TIMEOUT_MS = 150_000;
const FAILS = ['build', 'migrate', 'health'] as const;
const BAD_SHARE = 0.12;

async function takesWork(system: System, pid: number): Promise<boolean> {
  return (await system.client.processes()).some((one) => one.pid === pid);
}

async function strikeOnce(system: System, strike: Strike, chance: Chance): Promise<string> {
  if (strike === 'kill a worker') {
    await chance.pick(system.running('worker')).signal('SIGKILL');
    const next = system.start('worker');
    // Else a machine that starts them slower than they are killed has none that works, and nothing is tried.
    await waitFor('the next worker takes work', () => takesWork(system, next.pid), START_TIMEOUT_MS, 100);
    return 'worker';
  }
  if (strike === 'stop a worker past its lease') {
    const worker = chance.pick(system.running('worker'));
    worker.send('SIGSTOP');
    await pause(LIMITS.leaseMs + chance.between(1_000, 6_000));
    worker.send('SIGCONT');
    return 'worker';
  }
  const what = chance.pick(['redis', 'api', 'runner'] as const);
  if (what === 'redis') {
    await system.redis.kill();
    await pause(chance.between(100, 2_000));
    await system.redis.restart();
  } else {
    const running = system.running(what)[0];
    await running?.signal('SIGKILL');
    system.start(what);
  }
  return what;
}

/** Strikes again and again until it is called back; answers how often what was struck. */
function strikeAll(
  farm: ChaosFarm,
  { strike, everyMs, say }: StormOptions,
  chance: Chance,
): () => Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      await pause(chance.between(everyMs / 2, everyMs * 1.5));
      const what = await strikeOnce(farm.system, strike, chance);
      counts[what] = (counts[what] ?? 0) + 1;
      say?.(`struck ${what}`);
    }
  })();
  return async () => {
    stopping.abort();
    await done;
    return counts;
  };
}

/** The person who looks at the database and releases an environment that is on hold. */
function releaseHolds(farm: ChaosFarm): () => Promise<string[]> {
  const released: string[] = [];
  const stopping = new AbortController();
  const done = (async () => {
    while (!stopping.signal.aborted) {
      await pause(1_000);
      for (const app of farm.apps) {
        const view = await farm.system.client.app(app).catch(() => null);
        if (view === null || view.hold === null) continue;
        released.push(`${app}: ${view.hold.reason}`);
        await farm.system.client.releaseHold(app).catch(() => undefined);
      }
    }
  })();
  return async () => {
    stopping.abort();
    await done;
    return released;
  };
}

async function pushAll(farm: ChaosFarm, { pushes }: StormOptions, chance: Chance): Promise<Push[]> {
  const all: Push[] = [];
  for (let count = 0; count < pushes; count += 1) {
    // Now and then right over the one before.
    const last = all.at(-1);
    const app = last !== undefined && chance.next() < 0.25 ? last.app : chance.pick(farm.apps);
    const fails = chance.next() < BAD_SHARE ? chance.pick(FAILS) : undefined;
    const made = {
      buildMs: chance.between(50, 500),
      migrateMs: chance.between(0, 300),
      migrates: chance.next() < 0.7 || fails === 'migrate',
    };
    all.push(await farm.push(app, fails === undefined ? made : { ...made, fails }));
    await pause(chance.between(100, 1_500));
  }
  return all;
}

const tally = (words: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
};

const doubles = (lines: readonly string[]): string[] => lines.filter((line, index) => lines.indexOf(line) !== index);

async function judgeEffects(farm: ChaosFarm, ended: ReadonlyMap<Push, DeploymentView>) {
  const twice: string[] = [];
  const unmigrated: string[] = [];
  for (const app of farm.apps) {
    const migrated = await farm.effects(app, 'migrated');
    for (const id of doubles(migrated)) twice.push(`${app}: ${id} migrated twice`);
    for (const id of doubles(await farm.effects(app, 'started'))) twice.push(`${app}: ${id} started twice`);
    for (const [push, { status }] of ended)
      if (push.app === app && push.migrates && status === 'succeeded' && !migrated.includes(push.id))
        unmigrated.push(`${app}: ${push.id} is live without its migration`);
  }
  return { twice, unmigrated };
}

/** Pushes to a farm while something is struck, and answers what came of it. The farm has more than one worker when it begins. */
export async function storm(farm: ChaosFarm, options: StormOptions): Promise<StormResult> {
  const chance = chanceOf(options.seed);
  while (farm.system.running('worker').length < options.workers) farm.system.start('worker');
  const stopVisits = farm.visitAll();
  const stopReleasing = releaseHolds(farm);
  const stopStriking = strikeAll(farm, options, chanceOf(options.seed + 1));
  const begunAt = performance.now();
  const pushes = await pushAll(farm, options, chance);
  const ended = new Map<Push, DeploymentView>();
  for (const push of pushes) ended.set(push, await farm.ended(push, END_TIMEOUT_MS));
  const seconds = Math.round((performance.now() - begunAt) / 1_000);
  const strikes = await stopStriking();
  const holds = await stopReleasing();

  let leftovers: string[] = [];
  const deadline = performance.now() + PUT_AWAY_TIMEOUT_MS;
  do {
    await pause(1_000);
    // What was struck last may still be starting.
    leftovers = await leftoversOf(farm, { jobs: options.jobs }).catch((error: unknown) => [String(error)]);
  } while (leftovers.length > 0 && performance.now() < deadline);
  const visits = await stopVisits();

  const outcomes = [...ended];
  const ofGood = outcomes.filter(([{ fails }]) => fails === undefined);
  const ofBad = outcomes.filter(([{ fails }]) => fails !== undefined);
  return {
    strikes,
    seconds,
    good: tally(ofGood.map(([, { status }]) => status)),
    bad: tally(ofBad.map(([, { status }]) => status)),
    lostAttempts: outcomes
      .flatMap(([, { stages }]) => stages.flatMap(({ attempts }) => attempts))
      .filter(({ result }) => result === 'lost').length,
    failedGood: ofGood
      .filter(([, { status }]) => status !== 'succeeded' && status !== 'superseded')
      .map(([{ app, id }, { status, diagnosis }]) => `${app} ${id} ${status}: ${diagnosis?.cause} ${diagnosis?.title}`),
    misjudged: ofBad
      .filter(
        ([, { status, diagnosis }]) =>
          !(status === 'superseded' || (status === 'failed' && diagnosis?.fault === 'user')),
      )
      .map(([{ app, id, fails }, { status, diagnosis }]) => `${app} ${id} (${fails}) ${status}: ${diagnosis?.cause}`),
    ...(await judgeEffects(farm, ended)),
    backwards: [...visits].flatMap(([app, { versions }]) =>
      versions.some((version, index) => version < (versions[index - 1] ?? 0)) ? [`${app}: ${versions.join(' ')}`] : [],
    ),
    visitFailures: [...visits].flatMap(([app, { failures }]) => failures.map((failure) => `${app}: ${failure}`)),
    holds,
    leftovers,
  };
}

/** Of good deployments, the share that succeeded or was superseded. */
export function goodShare({ good }: Pick<StormResult, 'good'>): number {
  const all = Object.values(good).reduce((sum, count) => sum + count, 0);
  return ((good['succeeded'] ?? 0) + (good['superseded'] ?? 0)) / Math.max(1, all);
}

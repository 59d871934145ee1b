import { LIMITS } from '@switchyard/domain';
// @boundaries-ignore the records of a simulated farm, and what they say, are the queue's own to open
import type { SimulatedRedis } from '../../packages/queue/src/testing/simulated-redis.ts';
import { checkTheEnd } from './ending.ts';
import type { FaultTable } from './faults.ts';
import { People } from './people.ts';
import { startRouter } from './router-process.ts';
import { Run, SLOTS } from './run.ts';
import { RunnerProcess } from './runner-process.ts';
import { installTimers, SimulatedProcess } from './simulated-process.ts';
import { startWorker } from './worker-process.ts';
import { HOSTS } from './world.ts';

/** How long things go wrong. */
const FAULTY_MS = 45_000;
/** Within this time of good weather everything has ended: a lease, a minute until a job is found stalled, and work. */
const SETTLE_MS = 150_000;
const LOOK_MS = 1_000;
/** The longest that instances drain, and a bit. */
const QUIET_MS = LIMITS.drainTimeoutMs + 5_000;

export interface Outcome {
  readonly seed: number;
  /** What was broken; null: nothing. */
  readonly violation: string | null;
  readonly table: FaultTable;
  readonly commands: number;
  readonly deployments: number;
  /** Written when asked for. */
  readonly history: () => string;
}

let prefixes = 0;

/** One run: some time in which everything may go wrong, then some in which nothing does, then all has to be well. */
export async function simulate(redis: SimulatedRedis, seed: number): Promise<Outcome> {
  installTimers();
  prefixes += 1;
  const run = new Run(redis, seed, `sim-${process.pid}-${prefixes}`);
  const { timeline } = run;
  try {
    await makeFarm(run);
    const people = new People(run);
    for (const host of HOSTS) RunnerProcess.start(run, host);
    startRouter(run);
    startWorker(run, HOSTS[0], 1);
    startWorker(run, HOSTS[0], 2);
    startWorker(run, HOSTS[1], 3);
    people.begin();
    const end = timeline.now + FAULTY_MS;
    await timeline.run(() => run.violation !== null || timeline.now >= end);
    await settle(run, people);
  } finally {
    await run.farm.remove();
  }
  return {
    seed,
    violation: run.violation,
    table: run.table,
    commands: run.commands,
    deployments: run.rules.all.size,
    history: () => run.history.toString((text) => named(run, text)),
  };
}

/** The first of so many seeds that finds something, or null. `known` is tried before all others. */
export async function firstFound(redis: SimulatedRedis, seeds: number, known?: number): Promise<Outcome | null> {
  const AT_ONCE = 4;
  if (known !== undefined) {
    const outcome = await simulate(redis, known);
    if (outcome.violation !== null) return outcome;
  }
  for (let seed = 1; seed <= seeds; seed += AT_ONCE) {
    const some = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => simulate(redis, seed + index)));
    const found = some.find(({ violation }) => violation !== null);
    if (found !== undefined) return found;
  }
  return null;
}

async function makeFarm(run: Run): Promise<void> {
  const { store } = run.farm;
  run.makeWorld((await store.farm.ensure(null)).id);
  // Few, so that they matter.
  await store.limits.setOfFarm({ slots: SLOTS.farm, slotsPerTeam: SLOTS.team, slotsPerApp: SLOTS.app });
  const second = await store.teams.create({ name: 'second', tokenHash: '0'.repeat(64) });
  for (const [name, teamId] of [
    ['shop', 'team_default'],
    ['blog', 'team_default'],
    ['docs', second.id],
  ] as const) {
    const repository = `https://example.test/${name}.git`;
    const { app, environment } = await store.apps.create({
      teamId,
      name,
      repository,
      branch: null,
      hosts: [`${name}.localhost`],
    });
    run.apps.push({ name, appId: app.id, environmentId: environment.id, repository });
  }
}

async function settle(run: Run, people: People): Promise<void> {
  const { timeline, weather, rules } = run;
  weather.clear();
  for (const process of run.onDeath.keys()) process.wake();
  const begunAt = timeline.now;
  let quietSince: number | null = null;
  const watcher = new SimulatedProcess('watch', timeline);
  const watch = async (): Promise<void> => {
    await timeline.during(run.look());
    const haveEnded = [...rules.all.keys()].every((id) => rules.ended.has(id));
    if (!haveEnded) await people.liftHolds();
    // A wake-up whose worker died with it leaves the outbox when BullMQ gives it to another.
    const isOver = haveEnded && rules.last.outbox.size === 0;
    quietSince = isOver ? (quietSince ?? timeline.now) : null;
    watcher.plan(timeline.now + LOOK_MS, () => void watch());
  };
  void watch();
  const isQuiet = (): boolean => quietSince !== null && timeline.now >= quietSince + QUIET_MS;
  await timeline.run(() => run.violation !== null || isQuiet() || timeline.now > begunAt + SETTLE_MS + QUIET_MS);
  if (run.violation === null) await checkTheEnd(run, quietSince !== null);
}

function named(run: Run, text: string): string {
  return text.replaceAll(/\bdep_\w+/g, (id) => {
    const found = [...run.rules.all.values()].find((one) => one.id === id);
    const app = run.apps.find(({ appId }) => appId === found?.appId);
    return found === undefined || app === undefined ? id : `${app.name}#${found.number}`;
  });
}

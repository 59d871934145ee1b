import { STEPS, type StepName } from '@switchyard/domain';
import { Redis } from 'ioredis';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { startRedis } from '../../tests/harness/redis.ts';
import { openFarm } from './farm.ts';
import { median, row } from './rows.ts';

const CHAINS = 60;
const REACH_ROUND_TRIPS = 4;
const REACH_P50_MS = 3;

/**
 * A hop: from the end of a stage's work to the beginning of the next one's, one deployment after the other in one slot. Round trips are all
 * commands that clients send in the meantime, beats and sweeps included. `INFO commandstats` counts what scripts call as well, so that only
 * `evalsha` can be read from it; the rest is what MONITOR shows.
 */
export async function hops(): Promise<object[]> {
  const redis = await startRedis();
  const probe = new Redis(redis.url);
  const farm = await openFarm(redis.url);
  try {
    const times: number[] = [];
    let endedAt: number | null = null;
    const ids = await farm.accept(CHAINS);
    const ended = await farm.ended(ids);
    const scriptsBefore = await scriptsRun(probe);
    const commands = await countCommands(redis.url);
    await farm.startWorker({
      concurrency: 1,
      staysHere: true,
      pretence: (_deployment, step: StepName) => {
        if (endedAt !== null && step !== 'pin') times.push(performance.now() - endedAt);
        endedAt = performance.now();
        return Promise.resolve();
      },
    });
    await ended();
    const sent = commands.stop();
    const scripts = (await scriptsRun(probe)) - scriptsBefore;
    const count = CHAINS * STEPS.length;
    return [
      row({
        name: 'a hop: round trips',
        value: sent.total / count,
        unit: 'commands',
        reach: REACH_ROUND_TRIPS,
        holds: sent.total / count <= REACH_ROUND_TRIPS,
      }),
      row({ name: 'a hop: scripts, by INFO commandstats', value: scripts / count, unit: 'evalsha' }),
      row({
        name: 'a hop: p50',
        value: median(times),
        unit: 'ms',
        reach: REACH_P50_MS,
        holds: median(times) <= REACH_P50_MS,
      }),
      ...[...sent.byName].map(([name, calls]) => row({ name: `  ${name}`, value: calls / count, unit: 'a hop' })),
    ];
  } finally {
    await farm.stop();
    probe.disconnect();
    await redis.stop();
  }
}

async function scriptsRun(probe: Redis): Promise<number> {
  return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(await probe.info('commandstats'))?.[1] ?? 0);
}

/** Of all clients, without what scripts call. */
async function countCommands(url: string): Promise<{ stop(): { total: number; byName: Map<string, number> } }> {
  const connection = new Redis(url);
  const monitor = await connection.monitor();
  const byName = new Map<string, number>();
  monitor.on('monitor', (_at: string, [name = '']: string[], source: string) => {
    const lower = name.toLowerCase();
    if (source !== 'lua' && lower !== 'info') byName.set(lower, (byName.get(lower) ?? 0) + 1);
  });
  return {
    stop() {
      monitor.disconnect();
      connection.disconnect();
      return { byName, total: [...byName.values()].reduce((sum, calls) => sum + calls, 0) };
    },
  };
}

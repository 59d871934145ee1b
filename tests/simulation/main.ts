import { parseArgs } from 'node:util';
// @boundaries-ignore the records of a simulated farm, and what they say, are the queue's own to open
import { openSimulatedRedis } from '../../packages/queue/src/testing/simulated-redis.ts';
import { startRedis } from '../harness/redis.ts';
import { FaultTable } from './faults.ts';
import { PLANTS, planted } from './plants.ts';
import { firstFound, type Outcome, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    at: { type: 'string', default: '6' },
    planted: { type: 'boolean', default: false },
    plant: { type: 'string', default: '' },
  },
});
const server = await startRedis({ appendonly: 'no', appendfsync: 'no' });
const redis = await openSimulatedRedis(server.url);
const begun = performance.now();
const table = new FaultTable();
let done = 0;
let commands = 0;
let deployments = 0;
const failures: Outcome[] = [];
try {
  if (values.planted) {
    for (const plant of PLANTS.filter(({ name }) => name.includes(values.plant))) {
      const sown = await openSimulatedRedis(server.url, planted(plant));
      const found = await firstFound(sown, Number(values.seeds));
      sown.close();
      console.log(
        found === null
          ? `NOT FOUND in ${values.seeds} seeds: ${plant.name}`
          : `${String(found.seed).padStart(4)} seeds: ${plant.name}: ${found.violation}`,
      );
      if (found === null) process.exitCode = 1;
    }
  } else if (values.seed !== undefined) {
    const outcome = await simulate(redis, Number(values.seed));
    console.log(outcome.history());
    console.log(`seed ${outcome.seed}: ${outcome.violation ?? 'all is well'}`);
    if (outcome.violation !== null) process.exitCode = 1;
  } else {
    const from = Number(values.from);
    const last = from + Number(values.seeds) - 1;
    let next = from;
    const lane = async (): Promise<void> => {
      while (next <= last) {
        const seed = next;
        next += 1;
        const outcome = await simulate(redis, seed);
        done += 1;
        commands += outcome.commands;
        deployments += outcome.deployments;
        table.add(outcome.table);
        if (outcome.violation === null) continue;
        failures.push(outcome);
        console.log(`seed ${seed}: ${outcome.violation}`);
      }
    };
    await Promise.all(Array.from({ length: Number(values.at) }, lane));
    console.log(table.toString());
    const seconds = (performance.now() - begun) / 1_000;
    console.log(
      `${done} seeds, ${deployments} deployments, ${commands} commands in ${seconds.toFixed(1)} s (${(done / seconds).toFixed(1)} seeds/s); ${failures.length} failed`,
    );
    if (failures.length > 0) process.exitCode = 1;
  }
} finally {
  redis.close();
  await server.stop();
}

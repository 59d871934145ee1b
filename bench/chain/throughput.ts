import { STEPS } from '@switchyard/domain';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { type RedisServer, startRedis } from '../../tests/harness/redis.ts';
import { openFarm } from './farm.ts';
import { median, row } from './rows.ts';

const CHAINS = 200;
const CONCURRENCY = 16;
const REACH_OF_RAW = 0.4;

/** Chains of nine no-op stages (and the step before them) a second, beside a bare worker that adds the next job at the end of each. */
export async function throughput(rounds: number): Promise<object[]> {
  const redis = await startRedis();
  try {
    const ours: number[] = [];
    const raw: number[] = [];
    // One of each to warm up, then in turn: whatever else the machine does hits both alike.
    for (let round = 0; round <= rounds; round++) {
      const mine = await switchyardChains(redis);
      const bare = await bareChains(redis);
      if (round === 0) continue;
      ours.push(mine);
      raw.push(bare);
    }
    const ratio = median(ours.map((value, index) => value / (raw[index] ?? value)));
    return [
      row({ name: 'BullMQ, add-next at the end', value: median(raw), unit: 'chains/s' }),
      row({
        name: 'switchyard, nine no-op stages',
        value: median(ours),
        unit: 'chains/s',
        against: 'BullMQ, add-next at the end',
        ratio,
        reach: REACH_OF_RAW,
        holds: ratio >= REACH_OF_RAW,
      }),
    ];
  } finally {
    await redis.stop();
  }
}

async function switchyardChains(redis: RedisServer): Promise<number> {
  const farm = await openFarm(redis.url);
  try {
    const ids = await farm.accept(CHAINS);
    const ended = await farm.ended(ids);
    const since = performance.now();
    await farm.startWorker({ concurrency: CONCURRENCY, staysHere: true, pretence: () => Promise.resolve() });
    await ended();
    return (CHAINS * 1_000) / (performance.now() - since);
  } finally {
    await farm.stop();
  }
}

/** As many jobs a chain as ours has steps. */
async function bareChains(redis: RedisServer): Promise<number> {
  const blocking = (): Redis => new Redis(redis.url, { maxRetriesPerRequest: null });
  const connection = new Redis(redis.url);
  const name = `bare-${Date.now()}`;
  const queue = new Queue(name, { connection });
  const kept = { removeOnComplete: true, removeOnFail: true } as const;
  await Promise.all(
    Array.from({ length: CHAINS }, (_, index) => queue.add('0', { step: 0 }, { ...kept, jobId: `chain-${index}-0` })),
  );
  let left = CHAINS;
  const since = performance.now();
  let rate = 0;
  const workerConnection = blocking();
  await new Promise<void>((resolve, reject) => {
    const worker = new Worker(
      name,
      async (job) => {
        const step = Number(job.name) + 1;
        if (step < STEPS.length)
          return void (await queue.add(`${step}`, { step }, { ...kept, jobId: `${job.id}-${step}` }));
        if (--left > 0) return;
        rate = (CHAINS * 1_000) / (performance.now() - since);
        setImmediate(() => void worker.close().then(() => resolve(), reject));
      },
      { connection: workerConnection, concurrency: CONCURRENCY },
    );
    worker.on('failed', (_job, error) => reject(error));
  });
  await queue.obliterate({ force: true });
  await queue.close();
  connection.disconnect();
  workerConnection.disconnect();
  return rate;
}

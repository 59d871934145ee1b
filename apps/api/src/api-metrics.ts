import { ProcessKind } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import { Gauge, Histogram, type Registry } from 'prom-client';
import type { Readers } from './events/readers.ts';

export interface ApiMetrics {
  readonly requests: Histogram<'operation' | 'method' | 'code_class'>;
}

interface Sources {
  readonly store: Pick<Store, 'isReady' | 'deployments' | 'processes' | 'queues'>;
  readonly readers: Readers;
}

/** One figure of a gauge: its labels and its value. */
type Figure = readonly [labels: Readonly<Record<string, string>>, value: number];

/** What the gauges show of Redis; read once per scrape. */
interface Reading {
  readonly redisUp: readonly Figure[];
  readonly queueJobs: readonly Figure[];
  readonly waiting: readonly Figure[];
  readonly slots: readonly Figure[];
  readonly processes: readonly Figure[];
}

const NOTHING: Reading = { redisUp: [[{}, 0]], queueJobs: [], waiting: [], slots: [], processes: [] };

async function readRedis({ store }: Sources): Promise<Reading> {
  if (!(await store.isReady())) return NOTHING;
  const [counts, alive] = await Promise.all([store.deployments.counts(), store.processes.alive()]);
  const hosts = new Set(alive.filter(({ kind }) => kind === 'worker').map(({ hostId }) => hostId));
  const depth = await store.queues.depth([...hosts]);
  return {
    redisUp: [[{}, 1]],
    queueJobs: depth.map(({ queue, state, count }) => [{ queue, state }, count]),
    waiting: Object.entries(counts.waiting).map(([reason, count]) => [{ reason }, count]),
    slots: Object.entries(counts.slots).map(([scope, count]) => [{ scope }, count]),
    processes: ProcessKind.options.map((kind) => [{ kind }, alive.filter((process) => process.kind === kind).length]),
  };
}

/** Puts the api's figures into the registry. What stands in Redis is read when somebody asks; without Redis those figures are absent. */
export function registerApiMetrics(registry: Registry, sources: Sources): ApiMetrics {
  // All gauges of a scrape collect at once: the first one's reading serves them all.
  let reading: Promise<Reading> | null = null;
  const read = (): Promise<Reading> =>
    (reading ??= readRedis(sources)
      .catch(() => NOTHING)
      .finally(() => {
        reading = null;
      }));

  function gauge(name: string, help: string, labelNames: string[], figures: () => Promise<readonly Figure[]>): void {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        async collect() {
          const current = await figures();
          this.reset();
          for (const [labels, value] of current) this.set(labels, value);
        },
      }),
    );
  }

  gauge('switchyard_redis_up', '1 while Redis answers, else 0', [], async () => (await read()).redisUp);
  gauge('switchyard_queue_jobs', 'Jobs in a queue', ['queue', 'state'], async () => (await read()).queueJobs);
  gauge(
    'switchyard_deployments_waiting',
    'Deployments that could go on but for a reason',
    ['reason'],
    async () => (await read()).waiting,
  );
  gauge('switchyard_slots_in_use', 'Slots that are taken', ['scope'], async () => (await read()).slots);
  gauge(
    'switchyard_processes',
    'Processes that are alive by their beat',
    ['kind'],
    async () => (await read()).processes,
  );
  gauge('switchyard_sse_readers', 'Open event streams', [], () => Promise.resolve([[{}, sources.readers.count]]));

  const requests = new Histogram({
    name: 'switchyard_api_request_duration_seconds',
    help: 'From the head of a request to the end of its answer, streams left out',
    labelNames: ['operation', 'method', 'code_class'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [registry],
  });
  return { requests };
}

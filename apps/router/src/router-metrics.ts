import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface RouterMetrics {
  /** A request is under way; call the answer with its status and seconds when it is over. */
  began(app: string): (status: number, seconds: number) => void;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function routerMetrics(
  registry: Registry,
  facts: { tableAgeMs: () => number; isRedisUp: () => Promise<boolean> },
): RouterMetrics {
  const requests = new Counter({
    name: 'switchyard_router_requests_total',
    help: 'Answered requests.',
    labelNames: ['app', 'code_class'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'switchyard_router_request_duration_seconds',
    help: "From the request's head to the answer's last byte.",
    labelNames: ['app'],
    buckets: SECONDS,
    registers: [registry],
  });
  const inFlight = new Gauge({
    name: 'switchyard_router_in_flight',
    help: 'Requests under way.',
    labelNames: ['app'],
    registers: [registry],
  });
  registry.registerMetric(
    new Gauge({
      name: 'switchyard_router_table_age_seconds',
      help: 'Since the route table was last read from, or confirmed by, Redis.',
      registers: [],
      collect() {
        this.set(facts.tableAgeMs() / 1000);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'switchyard_redis_up',
      help: '1 while Redis answers, else 0.',
      registers: [],
      async collect() {
        this.set((await facts.isRedisUp()) ? 1 : 0);
      },
    }),
  );
  return {
    began(app) {
      inFlight.inc({ app });
      return (status, seconds) => {
        inFlight.dec({ app });
        requests.inc({ app, code_class: `${Math.floor(status / 100)}xx` });
        duration.observe({ app }, seconds);
      };
    },
  };
}

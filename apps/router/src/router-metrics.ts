import { tellRedisUp } from '@switchyard/service';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** What is counted for one app. Plain numbers, read when somebody asks for the metrics: they are written with every request. */
export interface AppFigures {
  /** A request is under way. */
  began(): void;
  /** It is over: answered with `status` after `seconds`. */
  ended(status: number, seconds: number): void;
}

export interface RouterMetrics {
  of(app: string): AppFigures;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

class Figures implements AppFigures {
  readonly #observe: (seconds: number) => void;
  readonly classes = [0, 0, 0, 0, 0];
  inFlight = 0;

  constructor(observe: (seconds: number) => void) {
    this.#observe = observe;
  }

  began(): void {
    this.inFlight += 1;
  }

  ended(status: number, seconds: number): void {
    this.inFlight -= 1;
    const index = Math.floor(status / 100) - 1;
    this.classes[index] = (this.classes[index] ?? 0) + 1;
    this.#observe(seconds);
  }
}

export function routerMetrics(
  registry: Registry,
  facts: { tableAgeMs: () => number; isRedisUp: () => Promise<boolean> },
): RouterMetrics {
  const byApp = new Map<string, Figures>();
  const duration = new Histogram({
    name: 'switchyard_router_request_duration_seconds',
    help: "From the request's head to the answer's last byte.",
    labelNames: ['app'],
    buckets: SECONDS,
    registers: [registry],
  });
  registry.registerMetric(
    new Counter({
      name: 'switchyard_router_requests_total',
      help: 'Answered requests.',
      labelNames: ['app', 'code_class'],
      registers: [],
      collect() {
        this.reset();
        for (const [app, { classes }] of byApp)
          for (const [index, code_class] of CLASSES.entries()) this.inc({ app, code_class }, classes[index] ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: 'switchyard_router_in_flight',
      help: 'Requests under way.',
      labelNames: ['app'],
      registers: [],
      collect() {
        for (const [app, { inFlight }] of byApp) this.set({ app }, inFlight);
      },
    }),
  );
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
  tellRedisUp(registry, () => facts.isRedisUp());
  return {
    of(app) {
      let figures = byApp.get(app);
      if (figures === undefined) {
        const child = duration.labels(app);
        figures = new Figures((seconds) => child.observe(seconds));
        byApp.set(app, figures);
      }
      return figures;
    },
  };
}

import { Gauge, type Registry } from 'prom-client';

/** Says with every scrape whether Redis answers. The same in every process that has nothing else to ask of Redis for its figures. */
export function tellRedisUp(registry: Registry, isRedisUp: () => Promise<boolean>): void {
  registry.registerMetric(
    new Gauge({
      name: 'switchyard_redis_up',
      help: '1 while Redis answers, else 0.',
      registers: [],
      async collect() {
        this.set((await isRedisUp()) ? 1 : 0);
      },
    }),
  );
}

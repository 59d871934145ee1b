import type { ObservedInstance } from '@switchyard/domain';
import { tellRedisUp } from '@switchyard/service';
import { Counter, Gauge, type Registry } from 'prom-client';

const STATES: readonly ObservedInstance['state'][] = [
  'starting',
  'healthy',
  'unhealthy',
  'backoff',
  'draining',
  'stopping',
];

export interface RunnerMetrics {
  restarted(why: { outOfMemory: boolean }): void;
}

export function runnerMetrics(
  registry: Registry,
  facts: { states: () => ObservedInstance['state'][]; isRedisUp: () => Promise<boolean> },
): RunnerMetrics {
  registry.registerMetric(
    new Gauge({
      name: 'switchyard_instances',
      help: 'Instances on this host by observed state.',
      labelNames: ['state'],
      registers: [],
      collect() {
        const seen = facts.states();
        for (const state of STATES) this.set({ state }, seen.filter((one) => one === state).length);
      },
    }),
  );
  tellRedisUp(registry, () => facts.isRedisUp());
  const restarts = new Counter({
    name: 'switchyard_instance_restarts_total',
    help: 'Instances that ended by themselves and were started again.',
    registers: [registry],
  });
  const outOfMemory = new Counter({
    name: 'switchyard_instances_out_of_memory_total',
    help: 'Instances that ended after a process of theirs was killed at the memory limit.',
    registers: [registry],
  });
  return {
    restarted(why) {
      restarts.inc();
      if (why.outOfMemory) outOfMemory.inc();
    },
  };
}

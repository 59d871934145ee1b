import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry with the process's kind as a label and Node's own figures (event-loop lag, memory) in it. */
export function createMetrics(options: { process: string }): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ process: options.process });
  collectDefaultMetrics({ register: registry, prefix: 'switchyard_' });
  return registry;
}

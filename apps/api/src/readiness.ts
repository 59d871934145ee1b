import type { Readiness } from '@switchyard/client';
import type { ProcessRecord } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';

const NEEDED = ['worker', 'runner', 'router'] as const;

const MISSING: Readonly<Record<(typeof NEEDED)[number], string>> = {
  worker: 'No worker is alive: deployments would be accepted and wait. Start one.',
  runner: 'No runner is alive: nothing new could be started. Start the one of this host.',
  router: 'No router is alive: visitors reach no app and no deployment can go live. Start one.',
};
const NO_REDIS = 'Redis does not answer: nothing can be accepted. Start it, or see why it is not reached.';

/** Whether a deployment that is accepted now would go live. */
export async function readinessOf(
  store: Pick<Store, 'isReady' | 'processes'>,
): Promise<{ readiness: Readiness; alive: ProcessRecord[] }> {
  const alive = (await store.isReady()) ? await store.processes.alive().catch(() => null) : null;
  return { readiness: judgeReadiness(alive), alive: alive ?? [] };
}

/** `alive` is null when Redis does not answer: then nothing is known of the others. */
function judgeReadiness(alive: readonly ProcessRecord[] | null): Readiness {
  if (alive === null) return { ready: false, parts: [{ name: 'redis', ready: false, reason: NO_REDIS }] };
  const others = NEEDED.map((kind) => {
    const isAlive = alive.some((process) => process.kind === kind);
    return { name: kind, ready: isAlive, reason: isAlive ? null : MISSING[kind] };
  });
  return {
    ready: others.every((part) => part.ready),
    parts: [{ name: 'redis' as const, ready: true, reason: null }, ...others],
  };
}

import type { Readiness } from '@switchyard/client';
import type { ProcessRecord } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { ProcessLife } from '@switchyard/service';

const NEEDED = ['worker', 'runner', 'router'] as const;

const MISSING: Readonly<Record<(typeof NEEDED)[number], string>> = {
  worker: 'No worker is alive that takes work: deployments would be accepted and wait. Start one.',
  runner: 'No runner is alive that takes work: nothing new could be started. Start the one of this host.',
  router: 'No router is alive that stays: visitors reach no app and no deployment can go live. Start one.',
};
const LEAVING = 'This api is being taken out of service: ask another one.';
const NO_REDIS = 'Redis does not answer: nothing can be accepted. Start it, or see why it is not reached.';

/** Whether a deployment that is accepted now, by this api, would go live. */
export async function readinessOf(
  store: Pick<Store, 'isReady' | 'processes'>,
  { state }: Pick<ProcessLife, 'state'>,
): Promise<{ readiness: Readiness; alive: ProcessRecord[] }> {
  const alive = (await store.isReady()) ? await store.processes.alive().catch(() => null) : null;
  const { ready, parts } = judgeReadiness(alive);
  const own = state === 'working' ? [] : [{ name: 'api' as const, ready: false, reason: LEAVING }];
  return { readiness: { ready: ready && own.length === 0, parts: [...own, ...parts] }, alive: alive ?? [] };
}

/** `alive` is null when Redis does not answer: then nothing is known of the others. */
function judgeReadiness(alive: readonly ProcessRecord[] | null): Readiness {
  if (alive === null) return { ready: false, parts: [{ name: 'redis', ready: false, reason: NO_REDIS }] };
  const others = NEEDED.map((kind) => {
    const isAlive = alive.some((process) => process.kind === kind && process.state === 'working');
    return { name: kind, ready: isAlive, reason: isAlive ? null : MISSING[kind] };
  });
  return {
    ready: others.every((part) => part.ready),
    parts: [{ name: 'redis' as const, ready: true, reason: null }, ...others],
  };
}

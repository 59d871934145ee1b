import { AppId, EnvironmentId } from '@switchyard/domain';
import type { Lease } from '@switchyard/queue';
import { storeOf } from './process-store.ts';
import type { Run } from './run.ts';
import { planOf } from './simulated-plan.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/**
 * A process that comes back after its leases have run out does with their tokens whatever it still can, beyond what its own code goes on
 * with. Nothing of it may be taken; the rules see to that.
 */
export function haunt(run: Run, process: SimulatedProcess, leases: readonly Lease[], ms: number): void {
  process.plan(run.timeline.now + ms + 1, () => {
    const store = storeOf(run, process);
    for (const lease of leases.slice(-2)) {
      if (run.holds(lease)) continue;
      run.strike('old token is used', lease.step, process.name);
      const { deploymentId } = lease;
      const release = run.rules.all.get(deploymentId);
      if (release === undefined) continue;
      const ghostly = {
        v: 1,
        id: 'rel_ghost00',
        teamId: 'team_default',
        appId: AppId.parse(release.appId),
        environmentId: EnvironmentId.parse(release.environmentId),
        deploymentId,
        number: Number(release.number),
        commit: null,
        snapshot: { key: 'ghost', placement: 'any' },
        plan: planOf({ number: 1 }),
        createdAt: run.timeline.now,
        liveAt: null,
      } as const;
      const acts = [
        () => store.chain.beat(lease),
        () => store.chain.moveRoute(lease, { releaseId: 'rel_ghost00', minReady: 0 }),
        () => store.events.appendLog(lease, { stage: 'build', attempt: 1, firstLine: 1, lines: ['from a ghost'] }),
        () => store.instances.desire(lease, []),
        () => store.releases.put(lease, ghostly),
        () => store.claims.claim(lease, 'host_aaaaaa:ghost'),
        () => store.chain.finish(lease, { kind: 'succeeded' }),
      ];
      for (const act of acts) void act().catch(() => undefined);
    }
  });
}

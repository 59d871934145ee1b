import { type DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @boundaries-ignore the table under test: a point that is added is tried without a word here
import { FAULT_POINTS } from '../../apps/worker/src/fault-points.ts';
import { waitFor } from '../harness/wait-for.ts';
import { type ChaosFarm, openChaosFarm, type Push } from './chaos-farm.ts';
import { leftoversOf } from './leftovers.ts';

/** So many points share a farm, an app each. */
const TOGETHER = 15;
/** One of each kind: all of them take four minutes, and are asked for. */
const SOME = ['build:ran', 'install:recorded', 'migrate:desired', 'health:desired', 'switch:moved', 'cleanup:ran'];
const DEATH_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 120_000;

const groups: string[][] = [];
const points =
  process.env['SWITCHYARD_FAULT_POINTS'] === 'all' ? FAULT_POINTS : FAULT_POINTS.filter((one) => SOME.includes(one));
for (let at = 0; at < points.length; at += TOGETHER) groups.push(points.slice(at, at + TOGETHER));

interface Death {
  readonly push: Push;
  readonly processId: string;
  readonly exitCode: number | null;
}

/**
 * For each point a worker that dies there, alone with a deployment, one after the other; what they leave waits for its leases meanwhile,
 * all together. Then a worker that lives, and what has become of the deployments.
 */
describe.sequential.each(groups.map((points) => [points[0], points.at(-1), points] as const))(
  'a worker that dies, from %s to %s,',
  (_first, _last, points) => {
    let farm: ChaosFarm;
    const deaths = new Map<string, Death>();
    const ended = new Map<string, DeploymentView>();

    async function die(point: string, app: string): Promise<Death> {
      const { system } = farm;
      const push = await farm.push(app);
      const doomed = system.start('worker', { SWITCHYARD_FAULT_POINT: point });
      await waitFor(`a worker dies at ${point}`, async () => !doomed.running, DEATH_TIMEOUT_MS);
      // It went without a goodbye, so it is still listed.
      const processes = await system.client.processes();
      const processId = processes.find(({ pid }) => pid === doomed.pid)?.id ?? '';
      return { push, processId, exitCode: doomed.exitCode };
    }

    beforeAll(async () => {
      farm = await openChaosFarm({ apps: points.length });
      await farm.system.services.worker.signal('SIGTERM');
      for (const [index, point] of points.entries()) deaths.set(point, await die(point, farm.apps[index] ?? ''));
      farm.system.start('worker');
      for (const [point, { push }] of deaths) ended.set(point, await farm.ended(push, END_TIMEOUT_MS));
    }, 300_000);

    afterAll(async () => {
      await farm?.close();
    });

    it.each(points)('at %s loses nothing and does nothing twice', async (point) => {
      const { push, exitCode } = deaths.get(point) ?? {};
      expect(exitCode).toBeNull();
      if (push === undefined) throw new Error('nobody died');
      expect(ended.get(point)?.status).toBe('succeeded');
      expect(await farm.effects(push.app, 'migrated')).toEqual([push.id]);
      expect(await farm.effects(push.app, 'started')).toEqual([push.id]);
      expect(await farm.system.visit(push.app)).toEqual({ status: 200, body: String(push.version) });
    });

    it('is lost where it had not told its end, and nowhere else', () => {
      for (const [point, { processId }] of deaths) {
        // Its own deployment's alone: it may have taken over another's meanwhile.
        const attempts = (ended.get(point)?.stages ?? []).flatMap(({ name, attempts: all }) =>
          all.map((attempt) => ({ ...attempt, stage: name })),
        );
        const [step = '', place = ''] = point.split(':');
        // Resolving a ref is no stage of its own.
        if (step === 'pin') continue;
        const results = attempts
          .filter((one) => one.processId === processId && one.stage === step)
          .map(({ result }) => result);
        // It died at that point of another's, which it had taken over.
        if (results.length === 0) continue;
        expect([point, results.at(-1)]).toEqual([
          point,
          ['recorded', 'finished'].includes(place) ? 'succeeded' : 'lost',
        ]);
      }
    });

    it('leaves nothing behind', { timeout: 120_000 }, async () => {
      await expect.poll(() => leftoversOf(farm, { jobs: false }), { timeout: 90_000, interval: 1_000 }).toEqual([]);
    });
  },
);

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Deployment, type DeploymentId, type StepName } from '@switchyard/domain';
import { openFakePlatform } from '@switchyard/platform';
import { openStore, type Store } from '@switchyard/queue';
import { secretBox, systemClock, systemIds } from '@switchyard/service';
// @boundaries-ignore the real worker, whose stages pretend
import type { Stage } from '../../apps/worker/src/stages/stage.ts';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { startWorkerInProcess } from '../../tests/harness/in-process.ts';

/** What all steps of a chain do. */
export type Pretence = (deployment: Deployment, step: StepName) => Promise<void>;

export interface Farm {
  readonly store: Store;
  /** Accepts one deployment for each of so many new apps. */
  accept(count: number): Promise<DeploymentId[]>;
  /** `staysHere`: after its source, a deployment stays on the worker's host, as on the local platform. */
  startWorker(options: { concurrency: number; staysHere: boolean; pretence: Pretence }): Promise<void>;
  /** Listens from when this resolves; what it answers with resolves when all of them have ended, and rejects when one did not succeed. */
  ended(ids: readonly DeploymentId[]): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

const box = secretBox(Buffer.alloc(32, 1));

type WorkerOptions = Parameters<Farm['startWorker']>[0];

/** A farm on a Redis of its own, without runner, router and api: its workers' stages pretend. */
export async function openFarm(redisUrl: string): Promise<Farm> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-chain-'));
  const open = (name: string): Promise<Store> =>
    openStore({ redisUrl, prefix, clock: systemClock, ids: systemIds, name });
  const prefix = `chain-${randomBytes(6).toString('hex')}`;
  const store = await open('bench');
  const farm = await store.farm.ensure(null);
  // All workers are on one host: a deployment that stays there is any of theirs.
  const hostId = systemIds('host');
  const stops: (() => Promise<unknown>)[] = [
    () => rm(directory, { recursive: true, force: true }),
    () => store.close(),
  ];
  let apps = 0;

  async function accept(count: number): Promise<DeploymentId[]> {
    const ids: DeploymentId[] = [];
    for (let index = 0; index < count; index++) {
      const name = `app-${++apps}`;
      const place = { teamId: 'team_default', repository: 'https://example.test/r.git', branch: null } as const;
      const { app, environment } = await store.apps.create({ ...place, name, hosts: [`${name}.localhost`] });
      const what = { kind: 'deploy', ref: null, reuse: 'all' } as const;
      const target = { appId: app.id, environmentId: environment.id };
      ids.push((await store.chain.accept({ ...target, trigger: 'api', what })).id);
    }
    return ids;
  }

  async function addWorker({ concurrency, staysHere, pretence }: WorkerOptions): Promise<void> {
    const workerStore = await open('bench-worker');
    const platform = openFakePlatform({
      farmId: farm.id,
      hostId,
      clock: systemClock,
      sleep: (ms, signal) => pause(ms, undefined, { signal }).catch(() => undefined),
      needsHostPorts: true,
      runner: { start: () => ({ listens: [] }) },
    });
    const pretend: Stage = async ({ deployment, lease }) => {
      await pretence(deployment, lease.step);
      if (!staysHere || lease.step !== 'source') return { kind: 'succeeded' };
      return { kind: 'succeeded', placement: `host:${hostId}` };
    };
    const surroundings = { store: workerStore, platform, farm, hostId, directory, secretBox: box, clock: systemClock };
    const worker = await startWorkerInProcess(surroundings, {
      concurrency,
      stages: {
        pin: pretend,
        source: pretend,
        environment: pretend,
        install: pretend,
        build: pretend,
        migrate: pretend,
        package: pretend,
        health: pretend,
        switch: pretend,
        cleanup: pretend,
      },
    });
    stops.push(
      () => workerStore.close(),
      () => worker.drain(0),
    );
  }

  async function ended(ids: readonly DeploymentId[]): Promise<() => Promise<void>> {
    let left = ids.length;
    const all = withResolvers();
    for (const id of ids)
      await store.events.subscribe(id, (event) => {
        if (event === 'reread' || event.type !== 'deployment.ended') return;
        if (event.data.outcome !== 'succeeded') all.reject(new Error(`${id} ${event.data.outcome}`));
        left -= 1;
        if (left === 0) all.resolve();
      });
    return () => all.promise;
  }

  return {
    store,
    accept,
    startWorker: addWorker,
    ended,
    async stop() {
      for (const stop of stops.toReversed()) await stop();
    },
  };
}

/** Node 20 has no `Promise.withResolvers`. */
function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve = (): void => undefined;
  let reject = (_error: Error): void => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

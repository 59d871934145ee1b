import { join } from 'node:path';
import { type Clock, type Farm, type HostId, NO_MAXIMA, type ProcessId } from '@switchyard/domain';
import { type FakePlatform, openDisk, openSources, openUploads } from '@switchyard/platform';
import type { Store } from '@switchyard/queue';
import {
  createLog,
  createMetrics,
  fileBlobs,
  logArchive,
  outputArchive,
  type SecretBox,
  systemIds,
} from '@switchyard/service';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { Ports } from '../../apps/runner/src/ports.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { Runner } from '../../apps/runner/src/runner.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { StartedSecrets } from '../../apps/runner/src/started-secrets.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { TableMemory } from '../../apps/runner/src/table-memory.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { workerMetrics } from '../../apps/worker/src/metrics.ts';
// @boundaries-ignore the real worker and the real runner in one process, on a platform in memory
import { type RunningWorker, startWorker, type WorkerOptions } from '../../apps/worker/src/worker.ts';

/** Where a worker, a runner and a router of the calling process are. */
export interface Surroundings {
  readonly store: Store;
  readonly platform: FakePlatform;
  readonly farm: Farm;
  readonly hostId: HostId;
  /** The data directory. */
  readonly directory: string;
  readonly secretBox: SecretBox;
  readonly clock: Clock;
}

const silent = (process: string) => createLog({ process, level: 'silent' });

/** The real runner. Answers how to stop it, with its instances. */
export async function startRunnerInProcess(surroundings: Surroundings): Promise<() => Promise<void>> {
  const { store, platform, farm, hostId, directory, secretBox, clock } = surroundings;
  const runner = new Runner({
    store,
    platform: platform.runner,
    ports: await Ports.open(join(directory, 'ports.json'), clock, Math.random),
    memory: new TableMemory(join(directory, 'runner-state.json'), farm),
    outputArchive: outputArchive(fileBlobs(join(directory, 'blobs'))),
    startedSecrets: new StartedSecrets(join(directory, 'started-secrets'), secretBox),
    secretBox,
    farm,
    hostId,
    clock,
    log: silent('runner'),
    onRestart: () => undefined,
  });
  await runner.start();
  return () => runner.stop({ stopInstances: true });
}

/** A router as the others see it: it says of every table that it serves it. Answers how it leaves. */
export async function joinAsRouter(
  { store, hostId, clock }: Pick<Surroundings, 'store' | 'hostId' | 'clock'>,
  id: ProcessId,
): Promise<() => Promise<void>> {
  const life = { pid: process.pid, version: '0', metrics: null, startedAt: clock() };
  const router = await store.processes.join({ id, kind: 'router', hostId, ...life });
  const acknowledge = async (): Promise<void> => {
    const { routes } = await store.routing.table();
    await store.routing.acknowledge(id, {
      routes: new Map(routes.map(({ environmentId, id: route }) => [environmentId, route])),
      inFlight: new Map(),
    });
  };
  const unsubscribe = store.routing.onChange(() => void acknowledge().catch(() => undefined));
  return async () => {
    unsubscribe();
    await router.leave();
  };
}

/** The real worker. */
export async function startWorkerInProcess(
  { store, platform, farm, hostId, directory, secretBox, clock }: Surroundings,
  options: Pick<WorkerOptions, 'concurrency' | 'stages'>,
): Promise<RunningWorker> {
  const blobs = fileBlobs(join(directory, 'blobs'));
  const sourceOptions = { kind: 'local', dataDir: directory, extraCaCerts: null, allowFileRepositories: true } as const;
  return await startWorker({
    store,
    platform,
    sources: openSources(sourceOptions),
    disk: { disk: openDisk(sourceOptions, platform.worker), budgetBytes: null, reserveBytes: null },
    uploads: openUploads({ dataDir: directory }),
    blobs,
    archive: logArchive(blobs),
    farm,
    maxima: NO_MAXIMA,
    hostId,
    processId: systemIds('proc'),
    dataDirectory: directory,
    urlOf: (host) => `http://${host}:7080`,
    secrets: [],
    secretBox,
    pools: ['light', 'heavy'],
    clock,
    ids: systemIds,
    jitter: () => 0,
    faultPoint: () => undefined,
    metrics: (active) =>
      workerMetrics(createMetrics({ process: 'worker' }), { active, isRedisUp: () => store.isReady() }),
    log: silent('worker'),
    ...options,
  });
}

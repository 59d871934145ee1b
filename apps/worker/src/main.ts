import { LIMITS } from '@switchyard/domain';
import { openDisk, openPlatform, openSources, openUploads } from '@switchyard/platform';
import { openStore } from '@switchyard/queue';
import {
  createLog,
  createMetrics,
  fileBlobs,
  logArchive,
  openDataDirectory,
  openSecretBox,
  openSourceCredential,
  type ProcessLife,
  type ProcessOptions,
  platformSettings,
  reportOf,
  runProcess,
  serveShell,
  systemClock,
  systemIds,
  VERSION,
} from '@switchyard/service';
import { readWorkerConfig, resourceMaxima, type WorkerConfig } from './config.ts';
import { faultPoints } from './fault-points.ts';
import { startHeadChecks } from './head-checks.ts';
import { workerMetrics } from './metrics.ts';
import { ownSecrets } from './own-secrets.ts';
import { startWorker } from './worker.ts';

/** What stages that are handed back may need to end: the grace of a command, a finish. */
const END_TIMEOUT_MS = 10_000;

type Open = { close(): Promise<void> };

async function start(
  config: WorkerConfig,
  log: ReturnType<typeof createLog>,
  life: ProcessLife,
): ReturnType<ProcessOptions['start']> {
  const opened: Open[] = [];
  const closeAll = async (): Promise<void> => {
    for (const one of opened.toReversed())
      await one.close().catch((error: unknown) => log.warn({ err: error }, 'close'));
  };
  try {
    const clock = systemClock;
    const ids = systemIds;
    const processId = ids('proc');
    const directory = await openDataDirectory(config.SWITCHYARD_DATA_DIR, ids);
    const { hostId, path: dataDirectory } = directory;
    const store = await openStore({
      redisUrl: config.REDIS_URL,
      prefix: config.SWITCHYARD_KEY_PREFIX,
      clock,
      ids,
      name: 'worker',
      faultPoint: faultPoints(config.SWITCHYARD_FAULT_POINT),
    });
    opened.push(store);
    const farm = await store.farm.ensure(await directory.knownFarm());
    await directory.rememberFarm(farm);
    const platformOptions = {
      ...platformSettings(config),
      farmId: farm.id,
      epoch: farm.epoch,
      hostId,
      dataDir: dataDirectory,
      allowFileRepositories: config.SWITCHYARD_ALLOW_FILE_REPOSITORIES,
      allowPrivateRepositories: config.SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES,
      announce: (message: string) => log.warn(message),
    };
    const platform = await openPlatform(platformOptions);
    opened.push(platform);
    await platform.check();

    const registry = createMetrics({ process: 'worker' });
    const shell = await serveShell({
      host: config.SWITCHYARD_METRICS_HOST,
      port: config.SWITCHYARD_METRICS_PORT,
      metrics: registry,
      isReady: async () => life.state === 'working' && (await store.isReady()),
    });
    opened.push(shell);
    const blobs = fileBlobs(directory.blobs);
    const routerPort = config.SWITCHYARD_ROUTER_PORT;
    const sources = openSources({
      ...platformOptions,
      knownHosts: {
        read: async (host) => (await store.knownHosts.read(host))?.keys ?? [],
        keep: async (host, lines) => (await store.knownHosts.keep(host, lines)).keys,
      },
    });
    const secretBox = await openSecretBox(config.SWITCHYARD_SECRET_KEY_FILE ?? directory.secretKeyFile);
    const worker = await startWorker({
      store,
      platform,
      sources,
      uploads: openUploads(platformOptions),
      blobs,
      archive: logArchive(blobs),
      disk: {
        disk: openDisk(platformOptions, platform.worker),
        budgetBytes: config.SWITCHYARD_DISK_BUDGET ?? null,
        reserveBytes: config.SWITCHYARD_DISK_RESERVE ?? null,
      },
      farm,
      hostId,
      processId,
      dataDirectory,
      urlOf: (host) => `http://${host}${routerPort === 80 ? '' : `:${routerPort}`}`,
      secrets: ownSecrets(config),
      secretBox,
      maxima: resourceMaxima(config),
      pools: config.SWITCHYARD_WORKER_POOLS,
      concurrency: config.SWITCHYARD_WORKER_CONCURRENCY,
      clock,
      ids,
      jitter: () => Math.random(),
      faultPoint: faultPoints(config.SWITCHYARD_FAULT_POINT),
      metrics: (active) => workerMetrics(registry, { active, isRedisUp: () => store.isReady() }),
      log,
    });
    // Where the start fails: nothing is worth a wait.
    opened.push({ close: () => worker.drain(0) });
    const looking = startHeadChecks({
      store,
      sources,
      credentialOf: async (appId) => {
        const sealed = await store.sourceCredentials.readSealed(appId);
        return sealed === null ? null : openSourceCredential(secretBox, { farmId: farm.id, appId }, sealed);
      },
      processId,
      intervalMs: config.SWITCHYARD_HEAD_CHECK_INTERVAL_S * 1_000,
      clock,
      jitter: () => Math.random(),
      log,
    });
    opened.push({ close: () => looking.stop() });
    const membership = await store.processes.join(
      {
        id: processId,
        kind: 'worker',
        hostId,
        pid: process.pid,
        version: VERSION,
        metrics: shell.address,
        startedAt: clock(),
      },
      { report: reportOf(life, () => worker.active), onOrder: (order) => life.obey(order) },
    );
    life.onChange(() => membership.say());
    opened.push({ close: () => membership.leave() });
    log.info({ metrics: shell.address, hostId, processId }, 'ready');
    return {
      drainDeadlineMs: config.SWITCHYARD_DRAIN_DEADLINE_S ?? LIMITS.drainDeadlineMs.worker,
      async quiet() {
        await looking.stop();
        await worker.quiet();
      },
      async drain(deadlineMs) {
        await Promise.all([looking.stop(), worker.drain(deadlineMs)]);
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

// The level is known only once the settings are read; a fault in them is logged all the same.
let config: WorkerConfig | null = null;
let fault: unknown;
try {
  config = readWorkerConfig();
} catch (error) {
  fault = error;
}
const log = createLog({ process: 'worker', level: config?.SWITCHYARD_LOG_LEVEL ?? 'info' });
await runProcess({
  log,
  endTimeoutMs: END_TIMEOUT_MS,
  start: async (life) => {
    if (config === null) throw fault;
    return await start(config, log, life);
  },
});

import { join } from 'node:path';
import { LIMITS, SwitchyardError } from '@switchyard/domain';
import { openPlatform, underLock } from '@switchyard/platform';
import { openStore } from '@switchyard/queue';
import {
  createLog,
  createMetrics,
  fileBlobs,
  openDataDirectory,
  openSecretBox,
  outputArchive,
  platformSettings,
  reportOf,
  runProcess,
  serveShell,
  systemClock,
  systemIds,
  VERSION,
} from '@switchyard/service';
import { readRunnerConfig } from './config.ts';
import { Ports } from './ports.ts';
import { Runner } from './runner.ts';
import { runnerMetrics } from './runner-metrics.ts';
import { StartedSecrets } from './started-secrets.ts';
import { TableMemory } from './table-memory.ts';

/** Stopping instances, where that is wanted, takes their grace, and a little for what is written down. */
const END_TIMEOUT_MS = LIMITS.instanceGraceMs + 5_000;
const LOCK_WAIT_MS = 3_000;

/** Holds the host's lock until `release`: a second runner would start everything twice. */
async function takeHost(path: string): Promise<{ release: () => void }> {
  const waiting = AbortSignal.timeout(LOCK_WAIT_MS);
  return await new Promise((resolve, reject) => {
    underLock(path, waiting, async () => {
      await new Promise<void>((release) => resolve({ release }));
    }).catch((error: unknown) => {
      if (!waiting.aborted) throw error;
      const message = `Another runner works on this host (${path} says which). One is enough; stop the other first.`;
      reject(new SwitchyardError('config-invalid', message, {}, error));
    });
  });
}

await runProcess({
  log: createLog({ process: 'runner', level: 'info' }),
  endTimeoutMs: END_TIMEOUT_MS,
  async start(life) {
    const config = readRunnerConfig();
    const log = createLog({ process: 'runner', level: config.SWITCHYARD_LOG_LEVEL });
    const directory = await openDataDirectory(config.SWITCHYARD_DATA_DIR, systemIds);
    const host = await takeHost(join(directory.path, 'runner.lock'));
    const store = await openStore({
      redisUrl: config.REDIS_URL,
      prefix: config.SWITCHYARD_KEY_PREFIX,
      clock: systemClock,
      ids: systemIds,
      name: 'switchyard-runner',
    });
    const farm = await store.farm.ensure(await directory.knownFarm());
    await directory.rememberFarm(farm);
    const platform = await openPlatform({
      ...platformSettings(config),
      farmId: farm.id,
      epoch: farm.epoch,
      hostId: directory.hostId,
      dataDir: directory.path,
      allowFileRepositories: false,
      announce: (message) => log.info(message),
    });
    await platform.check();

    const metrics = createMetrics({ process: 'runner' });
    const told = runnerMetrics(metrics, { states: () => runner.states, isRedisUp: () => store.isReady() });
    const box = await openSecretBox(config.SWITCHYARD_SECRET_KEY_FILE ?? directory.secretKeyFile);
    const runner: Runner = new Runner({
      store,
      platform: platform.runner,
      ports: await Ports.open(join(directory.path, 'ports.json'), systemClock, Math.random),
      memory: new TableMemory(join(directory.path, 'runner-state.json'), farm),
      outputArchive: outputArchive(fileBlobs(directory.blobs)),
      startedSecrets: new StartedSecrets(join(directory.path, 'started-secrets'), box),
      secretBox: box,
      farm,
      hostId: directory.hostId,
      clock: systemClock,
      log,
      onRestart: (why) => told.restarted(why),
    });
    await runner.start();
    const shell = await serveShell({
      host: config.SWITCHYARD_METRICS_HOST,
      port: config.SWITCHYARD_METRICS_PORT,
      metrics,
      isReady: async () => life.state === 'working' && (await store.isReady()),
    });
    const membership = await store.processes.join(
      {
        id: systemIds('proc'),
        kind: 'runner',
        hostId: directory.hostId,
        pid: process.pid,
        version: VERSION,
        metrics: shell.address,
        startedAt: systemClock(),
      },
      { report: reportOf(life, () => runner.inHand), onOrder: (order) => life.obey(order) },
    );
    life.onChange(() => membership.say());
    log.info({ hostId: directory.hostId, metrics: shell.address }, `the runner looks after ${directory.path}`);

    return {
      drainDeadlineMs: config.SWITCHYARD_DRAIN_DEADLINE_S ?? LIMITS.drainDeadlineMs.runner,
      quiet: () => Promise.resolve(runner.quiet()),
      // A start ends by itself within moments, and all else goes on without this runner: there is nothing to wait longer for.
      async drain() {
        await runner.stop({ stopInstances: config.SWITCHYARD_STOP_INSTANCES_ON_EXIT });
        await membership.leave().catch((error: unknown) => log.warn({ err: error }, 'could not say goodbye'));
        await platform.close();
        await shell.close();
        await store.close();
        host.release();
      },
    };
  },
});

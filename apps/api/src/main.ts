import { fileURLToPath } from 'node:url';
import { LIMITS } from '@switchyard/domain';
import { openStore } from '@switchyard/queue';
import {
  createLog,
  createMetrics,
  fileBlobs,
  logArchive,
  openDataDirectory,
  outputArchive,
  readAdminToken,
  readSecretKey,
  reportOf,
  runProcess,
  secretBox,
  serveShell,
  systemClock,
  systemIds,
  VERSION,
} from '@switchyard/service';
import { startApiServer } from './api-server.ts';
import { readApiConfig } from './config.ts';
import { addressLookup, txtLookup } from './domains/dns-lookups.ts';
import { verificationFiles } from './domains/verification-file.ts';
import { startTlsAsk } from './tls-ask.ts';

/** What is left to close when the last answer is through. */
const END_TIMEOUT_MS = 5_000;
/** The same from `src` and from `dist`. */
const DASHBOARD = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));

await runProcess({
  log: createLog({ process: 'api', level: 'info' }),
  endTimeoutMs: END_TIMEOUT_MS,
  async start(life) {
    const config = readApiConfig();
    const log = createLog({ process: 'api', level: config.SWITCHYARD_LOG_LEVEL });
    const directory = await openDataDirectory(config.SWITCHYARD_DATA_DIR, systemIds);
    const adminToken = await readAdminToken(config.SWITCHYARD_ADMIN_TOKEN_FILE ?? directory.adminTokenFile);
    const secretKey = await readSecretKey(config.SWITCHYARD_SECRET_KEY_FILE ?? directory.secretKeyFile);
    const store = await openStore({
      redisUrl: config.REDIS_URL,
      prefix: config.SWITCHYARD_KEY_PREFIX,
      clock: systemClock,
      ids: systemIds,
      name: 'switchyard-api',
    });
    const farm = await store.farm.ensure(await directory.knownFarm());
    await directory.rememberFarm(farm);

    const metrics = createMetrics({ process: 'api' });
    const blobs = fileBlobs(directory.blobs);
    const server = await startApiServer({
      store,
      archive: logArchive(blobs),
      outputArchive: outputArchive(blobs),
      lookUpTxt: txtLookup(config.SWITCHYARD_DNS_SERVERS),
      fetchVerificationFile: verificationFiles({
        lookUpAddresses: addressLookup(config.SWITCHYARD_DNS_SERVERS),
        allowPrivate: config.SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES,
        port: config.SWITCHYARD_VERIFICATION_PORT,
      }),
      blobs,
      secretBox: secretBox(secretKey),
      farmId: farm.id,
      clock: systemClock,
      ids: systemIds,
      log,
      metrics,
      adminToken,
      secretKey,
      life,
      host: config.SWITCHYARD_LISTEN_HOST,
      port: config.SWITCHYARD_API_PORT,
      settings: {
        publicUrl: config.SWITCHYARD_PUBLIC_URL ?? null,
        appsDomain: config.SWITCHYARD_APPS_DOMAIN,
        routerPort: config.SWITCHYARD_ROUTER_PORT,
        verificationPort: config.SWITCHYARD_VERIFICATION_PORT,
        allowFileRepositories: config.SWITCHYARD_ALLOW_FILE_REPOSITORIES,
        dashboardDirectory: DASHBOARD,
      },
    });
    const ask =
      config.SWITCHYARD_TLS_ASK_PORT === undefined
        ? null
        : await startTlsAsk({
            domains: store.domains,
            apps: store.apps,
            appsDomain: config.SWITCHYARD_APPS_DOMAIN,
            apiHost: new URL(server.url).hostname,
            log,
            host: config.SWITCHYARD_TLS_ASK_HOST,
            port: config.SWITCHYARD_TLS_ASK_PORT,
          });
    const shell = await serveShell({
      host: config.SWITCHYARD_METRICS_HOST,
      port: config.SWITCHYARD_METRICS_PORT,
      metrics,
      // Of this process alone: were it the farm's, a runner that is replaced would take every api out of its balancer.
      isReady: async () => life.state === 'working' && (await store.isReady()),
    });
    const membership = await store.processes.join(
      {
        id: systemIds('proc'),
        kind: 'api',
        hostId: directory.hostId,
        pid: process.pid,
        version: VERSION,
        metrics: shell.address,
        startedAt: systemClock(),
      },
      { report: reportOf(life, () => server.inHand), onOrder: (order) => life.obey(order) },
    );
    life.onChange(() => membership.say());
    log.info({ url: server.url, metrics: shell.address }, `the api answers at ${server.url}`);

    return {
      drainDeadlineMs: config.SWITCHYARD_DRAIN_DEADLINE_S ?? LIMITS.drainDeadlineMs.api,
      // Whoever still asks is answered; that nobody should is said by its readiness.
      quiet: () => Promise.resolve(),
      async drain(deadlineMs) {
        await server.close(deadlineMs);
        await ask?.close();
        // Without Redis the goodbye is not heard; the beat runs out by itself.
        await membership.leave().catch((error: unknown) => log.warn({ err: error }, 'could not say goodbye'));
        await shell.close();
        await store.close();
      },
    };
  },
});

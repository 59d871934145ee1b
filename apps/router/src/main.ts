import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { openStore } from '@switchyard/queue';
import {
  createLog,
  createMetrics,
  listen,
  openDataDirectory,
  runProcess,
  serveShell,
  systemClock,
  systemIds,
  VERSION,
} from '@switchyard/service';
import { readRouterConfig } from './config.ts';
import { Membership } from './membership.ts';
import { routerMetrics } from './router-metrics.ts';
import { createRouterServer } from './router-server.ts';
import { tableFile } from './table-file.ts';
import { TableSource } from './table-source.ts';
import { Targets } from './targets.ts';

/** Requests under way may take this long when the router stops. */
const FINISH_MS = 10_000;
const CONNECT_MS = 3_000;

await runProcess({
  log: createLog({ process: 'router', level: 'info' }),
  stopTimeoutMs: FINISH_MS + 5_000,
  async start() {
    const config = readRouterConfig();
    const log = createLog({ process: 'router', level: config.SWITCHYARD_LOG_LEVEL });
    const directory = await openDataDirectory(config.SWITCHYARD_DATA_DIR, systemIds);
    const store = await openStore({
      redisUrl: config.REDIS_URL,
      prefix: config.SWITCHYARD_KEY_PREFIX,
      clock: systemClock,
      ids: systemIds,
      name: 'switchyard-router',
      whenUnreachable: 'continue',
      onUnusable: (error) =>
        log.error({ err: error }, 'this Redis may lose what it is given; it has to be set otherwise'),
    });
    const processId = systemIds('proc');
    const targets: Targets = new Targets(
      (count) => randomInt(count),
      { connectMs: CONNECT_MS, idleMs: LIMITS.requestIdleTimeoutMs },
      () => source.poke(),
    );
    const source = new TableSource({
      routing: store.routing,
      file: tableFile(join(directory.path, 'router', 'table.json')),
      targets,
      processId,
      clock: systemClock,
      log,
    });
    await source.start();

    const metrics = createMetrics({ process: 'router' });
    const told = routerMetrics(metrics, { tableAgeMs: () => source.ageMs, isRedisUp: () => store.isReady() });
    const visitors = createRouterServer(targets, told);
    const shell = await serveShell({
      host: config.SWITCHYARD_METRICS_HOST,
      port: config.SWITCHYARD_METRICS_PORT,
      metrics,
      isReady: () => Promise.resolve(source.hasTable),
    });

    const self = {
      id: processId,
      kind: 'router',
      hostId: directory.hostId,
      pid: process.pid,
      version: VERSION,
      metrics: shell.address,
      startedAt: systemClock(),
    } as const;
    // Known as a router before it serves, so that no switch is done without it. Without Redis it serves all the same, and joins later.
    const membership = new Membership(() => store.processes.join(self));
    await membership.join();
    const { host, port } = await listen(visitors.server, {
      host: config.SWITCHYARD_LISTEN_HOST,
      port: config.SWITCHYARD_ROUTER_PORT,
      setting: 'SWITCHYARD_ROUTER_PORT',
    }).catch(async (error: unknown) => {
      await membership.leave();
      throw error;
    });
    log.info(
      { host, port, metrics: shell.address, routes: targets.routeIds.size },
      `the router serves visitors at http://${host}:${port}`,
    );

    return {
      async stop() {
        await visitors.stop(Math.min(FINISH_MS, LIMITS.drainTimeoutMs));
        await source.stop();
        await membership.leave();
        await targets.close();
        await shell.close();
        await store.close();
      },
    };
  },
});

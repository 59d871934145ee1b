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
import { routerMetrics } from './router-metrics.ts';
import { createRouterServer } from './router-server.ts';
import { tableFile } from './table-file.ts';
import { TableSource } from './table-source.ts';
import { Targets } from './targets.ts';

/** Requests under way may take this long when the router stops. */
const FINISH_MS = 10_000;
const JOIN_RETRY_MS = 500;

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
      onUnusable: (error) => log.error({ err: error }, 'this Redis can’t be used; serving from the table on disk'),
    });
    const processId = systemIds('proc');
    const targets: Targets = new Targets(
      (count) => randomInt(count),
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
    const { server } = visitors;
    const { host, port } = await listen(server, {
      host: config.SWITCHYARD_LISTEN_HOST,
      port: config.SWITCHYARD_ROUTER_PORT,
      setting: 'SWITCHYARD_ROUTER_PORT',
    });
    const shell = await serveShell({
      host: config.SWITCHYARD_METRICS_HOST,
      port: config.SWITCHYARD_METRICS_PORT,
      metrics,
      isReady: () => Promise.resolve(true),
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
    const stopping = new AbortController();
    // Without Redis the router serves all the same, and joins when Redis is there.
    const joining = (async () => {
      while (!stopping.signal.aborted) {
        const membership = await store.processes.join(self).catch(() => null);
        if (membership !== null) return membership;
        await new Promise((resolve) => setTimeout(resolve, JOIN_RETRY_MS));
      }
      return null;
    })();
    log.info(
      { host, port, metrics: shell.address, routes: targets.index.routeIds.size },
      `the router serves visitors at http://${host}:${port}`,
    );

    return {
      async stop() {
        stopping.abort();
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeIdleConnections();
        const limit = setTimeout(
          () => {
            visitors.cutUpgrades();
            server.closeAllConnections();
          },
          Math.min(FINISH_MS, LIMITS.drainTimeoutMs),
        );
        const idle = setInterval(() => server.closeIdleConnections(), 100);
        await closed;
        clearTimeout(limit);
        clearInterval(idle);
        visitors.cutUpgrades();
        await source.stop();
        await (await joining)?.leave().catch(() => undefined);
        await targets.close();
        await shell.close();
        await store.close();
      },
    };
  },
});

import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import { openStore } from '@switchyard/queue';
import {
  createLog,
  createMetrics,
  listen,
  openDataDirectory,
  reportOf,
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

/** What is left to close when the last visitor has gone. */
const END_TIMEOUT_MS = 5_000;
const CONNECT_MS = 3_000;

await runProcess({
  log: createLog({ process: 'router', level: 'info' }),
  endTimeoutMs: END_TIMEOUT_MS,
  async start(life) {
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
      isReady: () => Promise.resolve(life.state === 'working' && source.hasTable),
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
    const membership = new Membership(() =>
      store.processes.join(self, {
        report: reportOf(life, () => visitors.inHand),
        onOrder: (order) => life.obey(order),
      }),
    );
    life.onChange(() => membership.say());
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
      drainDeadlineMs: config.SWITCHYARD_DRAIN_DEADLINE_S ?? LIMITS.drainDeadlineMs.router,
      // Whoever still comes is served; that nobody should is said by its readiness.
      quiet: () => Promise.resolve(),
      async drain(deadlineMs) {
        // The table is followed and acknowledged until the last visitor has gone.
        await visitors.stop(deadlineMs);
        await source.stop();
        await membership.leave();
        await targets.close();
        await shell.close();
        await store.close();
      },
    };
  },
});

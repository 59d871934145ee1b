import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { ChainWalk } from '../../tests/harness/chain-walk.ts';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { startRedis } from '../../tests/harness/redis.ts';
// @boundaries-ignore the harness starts for a measurement what it starts for a test
import { startService } from '../../tests/harness/service-process.ts';
import type { Contender } from './contender.ts';

/** The host that its only app has. */
export const HOST = 'hello.localhost';

/** The router as operators run it: a table from Redis, metrics, everything on. */
export async function startSwitchyard(port: number, upstream: number): Promise<Contender> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-router-'));
  const redis = await startRedis();
  const chain = await ChainWalk.open(redis.url);
  const deploymentId = await chain.deploy();
  await chain.walk(deploymentId, null);
  await chain.store.routing.putEndpoint({
    instanceId: 'ins_1aaaaaa',
    environmentId: chain.app.environmentId,
    deploymentId,
    host: '127.0.0.1',
    port: upstream,
    ready: true,
  });
  const env = {
    ...process.env,
    REDIS_URL: redis.url,
    SWITCHYARD_DATA_DIR: directory,
    SWITCHYARD_KEY_PREFIX: chain.prefix,
    SWITCHYARD_ROUTER_PORT: String(port),
  };
  const router = startService('router', env, join(directory, 'router.log'));
  return {
    name: 'switchyard',
    port,
    pids: [router.pid],
    async stop() {
      await router.signal('SIGKILL');
      await chain.close();
      await redis.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

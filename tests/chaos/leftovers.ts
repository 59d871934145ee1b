import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processesWith } from '../harness/process-table.ts';
import { askRedis } from '../harness/redis-reader.ts';
import type { ChaosFarm } from './chaos-farm.ts';

/** Families of keys that name work under way: where nothing is under way there is none. */
const WORK_KEYS =
  /:(leases|due|admitted|outbox|unfinished|turns|deleting-apps|(slots|waiting|gate|claim|claim-waiters|unfinished-of|unfinished-of-app):.+)$/;
/** A job that a worker took with it when it died is seen by BullMQ after a minute: it wakes nobody any more. */
const BULL_WORK_KEYS = /:bull:[^:]+:(wait|active|delayed|paused|prioritized|failed|completed)$/;
const EVERY_DEPLOYMENT = /^dep_\w+$/;

/** What is still there of work that is over; empty when all has been put away. Linux. */
export async function leftoversOf({ system, apps }: ChaosFarm, options: { jobs: boolean }): Promise<string[]> {
  const views = await Promise.all(apps.map((app) => system.client.app(app)));
  const instances = views.flatMap((view) => view.instances);
  const live = new Set<string>(instances.map(({ deploymentId }) => deploymentId));
  const found: string[] = [];

  const services = new Set(
    (['api', 'worker', 'runner', 'router'] as const).flatMap((name) => system.running(name).map(({ pid }) => pid)),
  );
  for (const { pid, command } of await processesWith(system.dataDirectory)) {
    if (services.has(pid) || pid === system.redis.pid) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const [, deployment] = /SWITCHYARD_DEPLOYMENT_ID=(\w+)/.exec(environment) ?? [];
    if (deployment !== undefined && live.has(deployment)) continue;
    if (instances.some(({ id }) => `${environment} ${command}`.includes(id))) continue;
    found.push(`process ${pid}: ${command.slice(0, 200)}`);
  }

  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  for (const line of mounts.split('\n')) if (line.includes(system.dataDirectory)) found.push(`mount ${line}`);

  const workspaces = await readdir(join(system.dataDirectory, 'workspaces')).catch(() => []);
  for (const name of workspaces) if (EVERY_DEPLOYMENT.test(name)) found.push(`workspace ${name}`);

  const ports = await readFile(join(system.dataDirectory, 'ports.json'), 'utf8').catch(() => '');
  for (const [id] of ports.matchAll(/ins_\w+/g))
    if (!instances.some((instance) => instance.id === id)) found.push(`port of ${id}`);

  for (const key of await askRedis(system.redis, '--scan')) {
    const isWork = WORK_KEYS.test(key) || (options.jobs && BULL_WORK_KEYS.test(key));
    if (isWork) found.push(`key ${key}`);
  }
  for (const id of await askRedis(system.redis, 'HKEYS', 'switchyard:desired'))
    if (!instances.some((instance) => instance.id === id)) found.push(`wish for ${id}`);
  return found;
}

import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '@switchyard/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChaosFarm, openChaosFarm } from '../chaos/chaos-farm.ts';
import { type Backend, type Balancer, startBalancer } from '../harness/balancer.ts';
import type { ServiceName, ServiceProcess } from '../harness/service-process.ts';
import { freePorts, visit } from '../harness/system.ts';
import { waitFor } from '../harness/wait-for.ts';

const END_TIMEOUT_MS = 120_000;
const NOTICE_MS = 500;

let farm: ChaosFarm;
let routers: Balancer;
let apis: Balancer;
/** Every process that is replaced, with what its successor is started with. */
const members: { readonly name: ServiceName; readonly env: Record<string, string>; process: ServiceProcess }[] = [];

/** Starts one at ports of its own; its successor comes to the same. */
async function add(name: ServiceName, env: Record<string, string>, process?: ServiceProcess): Promise<void> {
  members.push({ name, env, process: process ?? farm.system.start(name, env) });
}

beforeAll(async () => {
  farm = await openChaosFarm({ apps: 3, env: { SWITCHYARD_STOP_INSTANCES_ON_EXIT: '0' } });
  const { system } = farm;
  // The ones of the harness make way for two of a kind that say at a known address whether they want requests.
  const ports = await freePorts(8);
  const serving = (name: 'api' | 'router', index: number): { env: Record<string, string>; backend: Backend } => {
    const at = (name === 'api' ? 0 : 4) + index * 2;
    const [port = 0, readyPort = 0] = ports.slice(at, at + 2);
    return {
      env: { [`SWITCHYARD_${name.toUpperCase()}_PORT`]: String(port), SWITCHYARD_METRICS_PORT: String(readyPort) },
      backend: { port, readyPort },
    };
  };
  const backends: Record<'api' | 'router', Backend[]> = { api: [], router: [] };
  for (const name of ['api', 'router'] as const) {
    for (const index of [0, 1]) {
      const { env, backend } = serving(name, index);
      backends[name].push(backend);
      await add(name, env);
    }
  }
  await add('worker', {}, system.running('worker')[0]);
  await add('worker', {});
  await add('runner', { SWITCHYARD_STOP_INSTANCES_ON_EXIT: '1' }, system.running('runner')[0]);
  await waitFor('all are there', async () => (await system.client.processes()).length === 9, 60_000);
  routers = await startBalancer(backends.router);
  apis = await startBalancer(backends.api);
});

afterAll(async () => {
  await routers?.stop();
  await apis?.stop();
  await farm?.close();
});

it('of everything, one after the other, during deployments: none fails, no visitor notices, no event is missed', {
  timeout: 240_000,
}, async () => {
  const client = createClient({ baseUrl: apis.url, token: farm.system.token });
  const isOver = new AbortController();
  const statuses: string[] = [];
  const missed: string[] = [];

  /** Deploys one version after the other until it is over, each followed over its events. */
  const deployments = farm.apps.map(async (app) => {
    while (!isOver.signal.aborted) {
      const { id } = await farm.push(app, { buildMs: 1_000 });
      const seen: number[] = [];
      for await (const event of client.events(id)) seen.push(event.id);
      const ended = await client.deployment(id);
      statuses.push(ended.status);
      if (seen.some((event, index) => event !== index + 1)) missed.push(`${id}: ${seen.join(' ')}`);
    }
  });
  await expect.poll(() => statuses.length, { timeout: END_TIMEOUT_MS }).toBeGreaterThanOrEqual(farm.apps.length);

  const bad: string[] = [];
  let visits = 0;
  const visitors = farm.apps.flatMap((app) =>
    ['/', '/slow'].map(async (path) => {
      while (!isOver.signal.aborted) {
        const answer = await visit(routers.port, `${app}.localhost`, path).catch((error: Error) => ({
          status: 0,
          body: error.message,
        }));
        visits += 1;
        if (answer.status !== 200) bad.push(`${app}${path}: ${answer.status} ${answer.body.slice(0, 100)}`);
        await pause(20);
      }
    }),
  );

  for (const member of members) {
    const leaving = member.process;
    const self = (await client.processes()).find(({ pid }) => pid === leaving.pid);
    if (self === undefined) throw new Error(`no record of ${member.name} ${leaving.pid}`);
    if (member.name === 'api' || member.name === 'router') {
      await client.quietProcess(self.id);
      // As an operator would give a balancer its time to notice.
      await pause(NOTICE_MS);
    }
    await client.drainProcess(self.id);
    await expect.poll(() => leaving.running, { timeout: END_TIMEOUT_MS }).toBe(false);
    expect([member.name, leaving.exitCode]).toEqual([member.name, 0]);
    member.process = farm.system.start(member.name, member.env);
    await expect
      .poll(async () =>
        (await client.processes()).some(({ pid, state }) => pid === member.process.pid && state === 'working'),
      )
      .toBe(true);
    await pause(NOTICE_MS);
  }

  isOver.abort();
  await Promise.all([...deployments, ...visitors]);
  expect(bad).toEqual([]);
  expect(visits).toBeGreaterThan(100);
  expect(statuses.filter((status) => status !== 'succeeded')).toEqual([]);
  expect(missed).toEqual([]);
  expect([...routers.failures, ...apis.failures]).toEqual([]);
  for (const app of farm.apps) {
    const migrated = await farm.effects(app, 'migrated');
    expect(new Set(migrated).size).toBe(migrated.length);
    const started = await farm.effects(app, 'started');
    expect(new Set(started).size).toBe(started.length);
  }
});

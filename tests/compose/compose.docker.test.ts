import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Client, createClient } from '@switchyard/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository } from '../harness/repository.ts';
import { visit } from '../harness/system.ts';
import { waitFor } from '../harness/wait-for.ts';
import { type Composition, prepareComposition } from './composition.ts';
import { dashboardQueries, metricsIn } from './dashboard.ts';
import { query } from './prometheus.ts';

/*
 * The compose file, started for real: one story in the order of the tests, since a start takes half a minute.
 */

const run = promisify(execFile);
const SET_UP_TIMEOUT_MS = 480_000;
const PROBE_TIMEOUT_MS = 2_000;
const READY_TIMEOUT_MS = 90_000;
const DEPLOY_TIMEOUT_MS = 150_000;
const SCRAPES_TIMEOUT_MS = 90_000;
const APP = 'composed';
const HOST = `${APP}.localhost`;
/** Queries whose answer may be empty on a healthy installation: nothing was retried, nothing had to be put right. */
const MAY_BE_EMPTY = new Set(['switchyard_stage_retries_total', 'switchyard_sweep_actions_total']);

let composition: Composition;
let client: Client;

async function showLogs(): Promise<void> {
  console.error(await composition.compose('logs', '--no-color', '--tail', '80').catch(String));
}

async function isReady(): Promise<boolean> {
  // The engine's proxy takes connections before the api does, and may keep such a one without a word.
  return await fetch(`${composition.apiUrl}/readyz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).then(
    async (answer) => {
      await answer.arrayBuffer();
      return answer.ok;
    },
    () => false,
  );
}

async function start(): Promise<void> {
  try {
    // It is one image for all, so one build; the classic builder would keep the container of a step that fails.
    await composition.compose('build', '--force-rm', 'api');
    await composition.compose('up', '--detach');
    await waitFor('the api takes deploys', isReady, READY_TIMEOUT_MS, 200);
  } catch (error) {
    await showLogs();
    throw error;
  }
}

/** Deploys and answers how it ended, with what explains a failure. */
async function deploy(): Promise<{ status: string; why: unknown }> {
  const { id } = await client.deploy(APP);
  await expect
    .poll(async () => (await client.deployment(id)).endedAt, { timeout: DEPLOY_TIMEOUT_MS, interval: 250 })
    .not.toBeNull();
  const { status, diagnosis, stages } = await client.deployment(id);
  const why =
    status === 'succeeded'
      ? null
      : { diagnosis, notes: stages.flatMap(({ attempts }) => attempts.map(({ note }) => note)) };
  return { status, why };
}

beforeAll(async () => {
  composition = await prepareComposition();
  const repository = await createRepository(nodeApp({ says: 'composed well' }));
  try {
    await run('git', ['clone', '--quiet', '--bare', repository.directory, join(composition.repositories, 'app.git')]);
  } finally {
    await repository.remove();
  }
  await composition.handOver();
  await start();
  const token = await composition.compose('exec', '-T', 'api', 'cat', '/var/lib/switchyard/admin-token');
  client = createClient({ baseUrl: composition.apiUrl, token });
}, SET_UP_TIMEOUT_MS);

afterAll(async () => {
  await composition.remove();
}, SET_UP_TIMEOUT_MS);

test('an app deployed over HTTP answers through the router', async () => {
  await client.createApp({ name: APP, repository: 'file:///srv/repositories/app.git' });
  const ended = await deploy();
  if (ended.status !== 'succeeded') await showLogs();
  expect(ended).toEqual({ status: 'succeeded', why: null });
  expect(await visit(composition.routerPort, HOST, '/')).toEqual({ status: 200, body: 'composed well' });
});

test('Prometheus finds three workers when there are three, and deploys go on when one is left', async () => {
  const workersUp = async () => await query(composition.prometheusUrl, 'sum(up{service="worker"})');
  const workersAlive = async () => await query(composition.prometheusUrl, 'max(switchyard_processes{kind="worker"})');
  for (const count of [3, 1]) {
    await composition.compose('up', '--detach', '--no-recreate', '--scale', `worker=${count}`);
    await expect.poll(workersUp, { timeout: SCRAPES_TIMEOUT_MS, interval: 500 }).toEqual([count]);
    await expect.poll(workersAlive, { timeout: SCRAPES_TIMEOUT_MS, interval: 500 }).toEqual([count]);
  }
  expect(await deploy()).toEqual({ status: 'succeeded', why: null });
  expect(await visit(composition.routerPort, HOST, '/')).toMatchObject({ status: 200 });
});

test('every query of the dashboard has an answer from Prometheus', async () => {
  const queries = await dashboardQueries();
  expect(queries.length).toBeGreaterThan(20);
  // Rates need two scrapes on either side of something that happened.
  await expect
    .poll(
      async () => {
        await visit(composition.routerPort, HOST, '/');
        const empty: string[] = [];
        for (const { panel, expression } of queries) {
          if (metricsIn(expression).some((metric) => MAY_BE_EMPTY.has(metric))) continue;
          if ((await query(composition.prometheusUrl, expression)).length === 0) empty.push(`${panel}: ${expression}`);
        }
        return empty;
      },
      { timeout: SCRAPES_TIMEOUT_MS, interval: 2_000 },
    )
    .toEqual([]);
  for (const { expression } of queries) await query(composition.prometheusUrl, expression);
});

test('Grafana is there, with the dashboard where it is the real one', async () => {
  const path = composition.grafanaIsReal ? '/api/dashboards/uid/switchyard' : '/api/health';
  await expect
    .poll(async () => (await fetch(`${composition.grafanaUrl}${path}`).catch(() => null))?.status, {
      timeout: READY_TIMEOUT_MS,
      interval: 500,
    })
    .toBe(200);
});

test('a deleted app leaves no container on the network of the apps', async () => {
  await client.deleteApp(APP);
  await expect.poll(() => composition.containersOfApps(), { timeout: READY_TIMEOUT_MS, interval: 500 }).toEqual([]);
});

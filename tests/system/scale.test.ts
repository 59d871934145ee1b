import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { waitFor } from '../harness/wait-for.ts';

/** Tells which process answers (each may be process 2 of its own namespace); `/slow` takes its time, `/die` ends it. */
const SERVER = `
  const name = require('node:crypto').randomUUID();
  const server = require('node:http').createServer((request, response) => {
    if (request.url === '/slow') setTimeout(() => response.end(name), 1500);
    else if (request.url === '/die') process.exit(1);
    else response.end(name);
  });
  server.listen(Number(process.env.PORT), process.env.HOST);
  process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
`;

let shop: Shop;

beforeAll(async () => {
  shop = await openShop({ ...nodeApp({ says: '' }), 'server.js': SERVER }, { live: true });
});

afterAll(async () => {
  await shop?.close();
});

/** Visitors without pause, until they are told to go; answers what was no 200. */
function visitors(count: number): { stop(): Promise<{ asked: number; failed: string[] }> } {
  const leaving = new AbortController();
  let asked = 0;
  const failed: string[] = [];
  const ask = async (index: number): Promise<void> => {
    while (!leaving.signal.aborted) {
      asked += 1;
      const answer = await shop.system.visit('shop', index === 0 ? '/slow' : '/').catch((error: unknown) => ({
        status: 0,
        body: String(error),
      }));
      if (answer.status !== 200) failed.push(`${answer.status} ${answer.body.slice(0, 100)}`);
    }
  };
  const all = Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
  return {
    async stop() {
      leaving.abort();
      await all;
      return { asked, failed };
    },
  };
}

/** Ends the process that gets it; a POST is not sent to another one. */
async function killOne(): Promise<void> {
  await new Promise<void>((resolve) => {
    const asking = request({
      port: shop.system.routerPort,
      method: 'POST',
      path: '/die',
      headers: { host: 'shop.localhost' },
      agent: false,
    });
    asking.on('response', (response) => response.resume().on('end', resolve));
    asking.on('error', () => resolve());
    asking.end();
  });
}

/** The processes that answer visitors now. */
async function answering(): Promise<Set<string>> {
  const answers = await Promise.all(Array.from({ length: 40 }, () => shop.system.visit('shop')));
  return new Set(answers.map(({ body }) => body));
}

async function untilInstances(count: number): Promise<void> {
  await waitFor(
    `${count} instances run`,
    async () => {
      const { instances } = await shop.system.client.app('shop');
      return instances.length === count && instances.every(({ state }) => state === 'healthy');
    },
    60_000,
  );
}

describe('replicas', { timeout: 120_000 }, () => {
  it('grow and shrink at once, without a deployment and without a failed request', async () => {
    const before = await shop.system.client.deployments('shop');
    const load = visitors(6);
    const grown = await shop.system.client.scale('shop', 3);
    expect(grown.settings).toEqual({ replicas: 3 });
    await untilInstances(3);
    await waitFor('all of them answer', async () => (await answering()).size === 3, 30_000);
    await shop.system.client.changeSettings('shop', { replicas: 1 }, grown.etag);
    await untilInstances(1);
    expect((await answering()).size).toBe(1);
    const { asked, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(asked).toBeGreaterThan(50);
    expect((await shop.system.client.deployments('shop')).deployments).toHaveLength(before.deployments.length);
  });

  it('are all healthy before a deployment goes live, and a restart keeps their number without a failed request', async () => {
    await shop.system.client.scale('shop', 2);
    await untilInstances(2);
    const old = await answering();
    const load = visitors(4);
    const { id } = await shop.system.client.restart('shop');
    const restarted = await shop.system.waitUntilEnded(id);
    expect(restarted.status).toBe('succeeded');
    expect(restarted.stages.find(({ name }) => name === 'health')?.note).toContain('All 2 instances are healthy');
    await untilInstances(2);
    expect((await load.stop()).failed).toEqual([]);
    await waitFor('both new ones answer', async () => (await answering()).size === 2, 30_000);
    for (const name of await answering()) expect(old).not.toContain(name);
  });

  it('that crash are started again, and the others answer meanwhile', async () => {
    const before = await answering();
    await killOne();
    await waitFor(
      'two answer again',
      async () => {
        const now = await answering();
        return now.size === 2 && [...now].some((name) => !before.has(name));
      },
      60_000,
    );
    expect([...(await answering())].filter((name) => before.has(name))).toHaveLength(1);
  });
});

describe('an app that is stopped', { timeout: 120_000 }, () => {
  it('finishes what it began, and tells visitors that it is stopped', async () => {
    const slow = shop.system.visit('shop', '/slow');
    await waitFor('the slow request is under way', async () => (await shop.system.visit('shop')).status === 200, 5_000);
    expect(await shop.system.client.stop('shop')).toMatchObject({ stoppedAt: expect.any(Number) });
    expect((await slow).status).toBe(200);
    await waitFor('the router knows', async () => (await shop.system.visit('shop')).status === 503, 10_000);
    const page = await shop.system.visit('shop');
    expect(page.body).toContain('Stopped');
    expect(page.body).toContain('This app was stopped by its owner');
    await untilInstances(0);
    expect(await shop.system.client.stop('shop')).toMatchObject({ stoppedAt: expect.any(Number) });
    await expect(shop.system.client.restart('shop')).rejects.toMatchObject({ problem: { code: 'app-stopped' } });
  });

  it('stays stopped when every process is started again', async () => {
    for (const name of ['router', 'runner', 'worker', 'api'] as const) {
      await shop.system.services[name].signal('SIGKILL');
      shop.system.start(name);
    }
    await waitFor(
      'the system answers again',
      async () =>
        (await shop.system.visit('shop').catch(() => ({ status: 0 }))).status === 503 &&
        (await shop.system.client.ready().then(
          ({ ready }) => ready,
          () => false,
        )),
      60_000,
    );
    expect((await shop.system.visit('shop')).body).toContain('Stopped');
    expect((await shop.system.client.app('shop')).instances).toEqual([]);
  });

  it('is started as it was, with its replicas', async () => {
    const { id } = await shop.system.client.start('shop');
    const started = await shop.system.waitUntilEnded(id);
    expect(started).toMatchObject({ status: 'succeeded', trigger: 'start' });
    await untilInstances(2);
    expect((await shop.system.visit('shop')).status).toBe(200);
    expect(await shop.system.client.app('shop')).toMatchObject({ stoppedAt: null, replicas: 2 });
    await expect(shop.system.client.start('shop')).rejects.toMatchObject({ problem: { code: 'not-stopped' } });
  });

  it('is started by a deployment that somebody asks for', async () => {
    await shop.system.client.stop('shop');
    const deployment = await shop.system.deploy('shop');
    expect(deployment.status).toBe('succeeded');
    expect((await shop.system.visit('shop')).status).toBe(200);
  });
});

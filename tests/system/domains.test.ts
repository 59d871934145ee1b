import { createServer, type RequestListener, type Server } from 'node:http';
import { VERIFICATION_PATH } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsServer, startDnsServer } from '../harness/dns-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { freePorts, type System, startSystem, visit } from '../harness/system.ts';

const SOON = { timeout: 30_000, interval: 20 };
const HOST = 'shop.example.test';

let dns: DnsServer;
let system: System;
let repository: Repository;
let forged: Repository | undefined;
let askPort: number;
/** Where the hosts lead that are not at the router yet: their old server, or a proxy in front. */
let elsewhere: Server;
/** Host → how it answers. */
const answers = new Map<string, RequestListener>();

beforeAll(async () => {
  dns = await startDnsServer();
  let verificationPort: number;
  [askPort = 0, verificationPort = 0] = await freePorts(2);
  elsewhere = createServer((request, response) => {
    const listener = answers.get((request.headers.host ?? '').replace(/:\d+$/, ''));
    if (listener === undefined) response.writeHead(404).end();
    else listener(request, response);
  });
  await new Promise<void>((resolve) => elsewhere.listen(verificationPort, '127.0.0.1', resolve));
  system = await startSystem({
    env: {
      SWITCHYARD_DNS_SERVERS: dns.address,
      SWITCHYARD_TLS_ASK_PORT: String(askPort),
      SWITCHYARD_VERIFICATION_PORT: String(verificationPort),
      SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES: '127.0.0.1,moving.example.test,routed.example.test',
    },
  });
  repository = await createRepository(nodeApp({ says: 'one' }));
  for (const name of ['shop', 'blog']) {
    await system.client.createApp({ name, repository: repository.url });
    await system.deploy(name);
  }
}, 120_000);

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
  await forged?.remove();
  await dns?.close();
  elsewhere?.closeAllConnections();
  await new Promise((resolve) => elsewhere.close(resolve));
});

const at = async (host: string): Promise<number> => (await visit(system.routerPort, host, '/')).status;
const bodyAt = async (host: string): Promise<string> => (await visit(system.routerPort, host, '/')).body;

async function ask(domain: string, init: RequestInit = {}): Promise<number> {
  const url = `http://127.0.0.1:${askPort}/v1/tls/ask?domain=${encodeURIComponent(domain)}`;
  const response = await fetch(url, init);
  expect(await response.text()).toBe('');
  return response.status;
}

/** Adds a host and makes its record. */
async function prove(app: string, host: string): Promise<void> {
  const { record } = await system.client.addDomain(app, host);
  dns.txt.set(record.name, ['v=spf1 -all', record.value]);
  await system.client.verifyDomain(app, host);
}

describe.sequential('a host of an app', { timeout: 60_000 }, () => {
  it('is not served before the DNS proves it, and the answer says what is missing', async () => {
    const added = await system.client.addDomain('shop', 'Shop.Example.TEST.');
    expect(added).toMatchObject({ host: HOST, verifiedAt: null, record: { name: `_switchyard.${HOST}`, type: 'TXT' } });
    expect(await system.client.addDomain('shop', HOST)).toEqual(added);
    await expect(system.client.verifyDomain('shop', HOST)).rejects.toMatchObject({
      code: 'domain-not-verified',
      message: expect.stringContaining(added.record.value),
    });
    dns.txt.set(added.record.name, ['something else']);
    await expect(system.client.verifyDomain('shop', HOST)).rejects.toMatchObject({
      message: expect.stringContaining('something else'),
    });
    dns.failing = true;
    await expect(system.client.verifyDomain('shop', HOST)).rejects.toMatchObject({ code: 'dns-unavailable' });
    dns.failing = false;
    expect(await at(HOST)).toBe(404);
    expect(await ask(HOST)).toBe(404);
    expect((await system.client.app('shop')).hosts).toEqual(['shop.localhost']);
  });

  it('is served once it is verified, without a deployment, in any case of letters', async () => {
    const [domain] = await system.client.domains('shop');
    dns.txt.set(`_switchyard.${HOST}`, [domain?.record.value ?? '']);
    expect((await system.client.verifyDomain('shop', HOST)).verifiedAt).toBeGreaterThan(0);
    await expect.poll(() => bodyAt(HOST), SOON).toBe('one');
    expect(await bodyAt('SHOP.example.TEST:8080')).toBe('one');
    expect(await bodyAt('shop.localhost')).toBe('one');
    expect((await system.client.app('shop')).hosts).toEqual(['shop.localhost', HOST]);
    dns.txt.clear();
    expect((await system.client.verifyDomain('shop', HOST)).host).toBe(HOST);
  });

  it('is proved by a file too, while it leads elsewhere', async () => {
    const host = 'moving.example.test';
    const { record, file } = await system.client.addDomain('shop', host);
    expect(new URL(file.url)).toMatchObject({ protocol: 'http:', hostname: host, pathname: VERIFICATION_PATH });
    expect(file.content).toBe(record.value);
    const refused = async (words: string): Promise<void> =>
      await expect(system.client.verifyDomain('shop', host)).rejects.toMatchObject({
        code: 'domain-not-verified',
        message: expect.stringContaining(words),
      });
    await refused('no address');
    dns.addresses.set(host, ['127.0.0.1']);
    await refused('status 404');
    answers.set(host, (_request, response) => response.end('switchyard=another'));
    dns.txt.set(record.name, ['v=spf1 -all']);
    await refused('The record is "v=spf1 -all"');
    await refused('holds "switchyard=another"');
    answers.set(host, (_request, response) => response.end(file.content.padEnd(2_000)));
    await refused('larger than');
    answers.set(host, ({ url }, response) => {
      if (url === VERIFICATION_PATH) response.writeHead(302, { location: `http://routed.example.test${url}` }).end();
      else response.end(file.content);
    });
    await refused('redirects elsewhere');
    expect(await at(host)).toBe(404);

    answers.set(host, ({ url }, response) => {
      if (url === VERIFICATION_PATH) response.end(`${file.content}\n`);
      else response.writeHead(404).end();
    });
    expect((await system.client.verifyDomain('shop', host)).verifiedAt).toBeGreaterThan(0);
    await expect.poll(() => bodyAt(host), SOON).toBe('one');
    await system.client.removeDomain('shop', host);
  });

  it('is not asked for its file where it has a private address', async () => {
    const host = 'inside.example.test';
    const { file } = await system.client.addDomain('shop', host);
    let asked = 0;
    answers.set(host, (_request, response) => {
      asked += 1;
      response.end(file.content);
    });
    dns.addresses.set(host, ['127.0.0.1']);
    await expect(system.client.verifyDomain('shop', host)).rejects.toMatchObject({
      code: 'domain-not-verified',
      message: expect.stringContaining('private address'),
    });
    expect(asked).toBe(0);
    await system.client.removeDomain('shop', host);
  });

  it('that leads to the router is not proved by what an app answers', async () => {
    const host = 'routed.example.test';
    const { file, record } = await system.client.addDomain('shop', host);
    forged = await createRepository(nodeApp({ says: file.content }));
    await system.client.createApp({ name: 'forger', repository: forged.url });
    await system.deploy('forger');
    expect(await visit(system.routerPort, 'forger.localhost', '/')).toEqual({ status: 200, body: file.content });
    dns.addresses.set(host, ['127.0.0.1']);
    /** Whatever host a proxy in front says: under none does the router answer the file. */
    for (const said of [host, 'forger.localhost', 'shop.localhost']) {
      answers.set(host, ({ url }, response) => {
        void visit(system.routerPort, said, url ?? '/').then(({ status, body }) =>
          response.writeHead(status).end(body),
        );
      });
      await expect(system.client.verifyDomain('shop', host)).rejects.toMatchObject({
        message: expect.stringContaining('status 404'),
      });
    }
    dns.txt.set(record.name, [record.value]);
    await system.client.verifyDomain('shop', host);
    await expect.poll(() => bodyAt(host), SOON).toBe('one');
    await system.client.removeDomain('shop', host);
    await system.client.deleteApp('forger');
  });

  it('belongs to one app, also when two ask at the same moment', async () => {
    await expect(system.client.addDomain('blog', HOST)).rejects.toMatchObject({ code: 'host-taken', status: 409 });
    const both = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        system.client.addDomain(index % 2 === 0 ? 'shop' : 'blog', 'both.example.test'),
      ),
    );
    const won = both.flatMap((answer, index) => (answer.status === 'fulfilled' ? [index % 2] : []));
    expect(won).toHaveLength(5);
    expect(new Set(won).size).toBe(1);
    await system.client.removeDomain(won[0] === 0 ? 'shop' : 'blog', 'both.example.test');
  });

  it('of other scripts is kept as the DNS has it', async () => {
    await prove('shop', 'b\u00fccher.example.test');
    await expect.poll(() => bodyAt('xn--bcher-kva.example.test'), SOON).toBe('one');
    expect(await ask('xn--bcher-kva.example.test')).toBe(200);
    await system.client.removeDomain('shop', 'b\u00fccher.example.test');
  });

  it('that can’t be an app’s is refused with the reason', async () => {
    const cases: [string, RegExp][] = [
      ['*.example.test', /Wildcard/],
      ['http://a.example.test', /without `https/],
      ['a.example.test:80', /port/],
      ['127.0.0.1', /address/],
      ['blog.localhost', /localhost/],
    ];
    for (const [host, words] of cases)
      await expect(system.client.addDomain('shop', host)).rejects.toMatchObject({
        code: 'host-not-allowed',
        message: expect.stringMatching(words),
      });
    await expect(system.client.verifyDomain('shop', 'none.example.test')).rejects.toMatchObject({
      code: 'domain-not-found',
    });
    await expect(system.client.removeDomain('blog', HOST)).rejects.toMatchObject({ code: 'domain-not-found' });
  });

  it('comes and goes, and stays over switch, rollback and restarts, without one failed request', async () => {
    const ending = new AbortController();
    const failures: unknown[] = [];
    const statuses = new Set<number>();
    const load = (async () => {
      while (!ending.signal.aborted)
        await at(HOST).then(
          (status) => void statuses.add(status),
          (error: unknown) => void failures.push(error),
        );
    })();
    await repository.commit(nodeApp({ says: 'two' }));
    const deployment = system.client.deploy('shop');
    await prove('shop', 'during.example.test');
    await system.waitUntilEnded((await deployment).id);
    await expect.poll(() => bodyAt('during.example.test'), SOON).toBe('two');
    expect(await bodyAt(HOST)).toBe('two');
    await system.waitUntilEnded((await system.client.rollback('shop')).id);
    expect(await bodyAt(HOST)).toBe('one');
    expect(await bodyAt('during.example.test')).toBe('one');
    await system.client.removeDomain('shop', 'during.example.test');
    await system.waitUntilEnded((await system.client.restart('shop')).id);
    ending.abort();
    await load;
    expect(failures).toEqual([]);
    expect([...statuses]).toEqual([200]);
    await expect.poll(() => at('during.example.test'), SOON).toBe(404);
  });

  it('is served by a router that starts without Redis', async () => {
    await system.services.router.signal('SIGKILL');
    await system.redis.kill();
    system.start('router');
    await expect.poll(() => bodyAt(HOST).catch(() => ''), SOON).toBe('one');
    await system.redis.restart();
    await expect
      .poll(
        () =>
          system.client.domains('shop').then(
            ({ length }) => length,
            () => 0,
          ),
        SOON,
      )
      .toBe(1);
  });

  it('is ours when Caddy asks, and nothing else is', async () => {
    await expect.poll(() => ask(HOST), SOON).toBe(200);
    expect(await ask('SHOP.Example.test')).toBe(200);
    expect(await ask('blog.localhost')).toBe(404);
    for (const domain of ['', 'other.example.test', 'x'.repeat(2_000), '127.0.0.1', '*.example.test', '\u0000'])
      expect(await ask(domain), domain).toBe(404);
    expect(await ask(HOST, { method: 'POST' })).toBe(405);
    const api = await fetch(`${system.apiUrl}/v1/tls/ask?domain=${HOST}`);
    expect(api.status).toBe(401);
    const many = await Promise.all(Array.from({ length: 300 }, () => ask(HOST)));
    expect(many).toContain(429);
    await expect.poll(() => ask(HOST), SOON).toBe(200);
  });

  it('is free and not served when it is removed, and when its app is deleted', async () => {
    await system.client.removeDomain('shop', HOST);
    await expect.poll(() => at(HOST), SOON).toBe(404);
    await expect.poll(() => ask(HOST), SOON).toBe(404);
    await prove('blog', HOST);
    await expect.poll(() => bodyAt(HOST), SOON).toBe('one');
    await system.client.deleteApp('blog');
    await expect.poll(() => at(HOST), SOON).toBe(404);
    expect(await system.client.addDomain('shop', HOST)).toMatchObject({ verifiedAt: null });
  });
});

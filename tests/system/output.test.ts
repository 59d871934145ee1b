import { readdir } from 'node:fs/promises';
import type { OutputEvent } from '@switchyard/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { filesWithTrace, holdsTrace, listenToRedis, newCanary } from '../harness/canary.ts';
import { nodeApp } from '../harness/node-app.ts';
import { openShop, type Shop } from '../harness/shop.ts';

const SOON = { timeout: 30_000, interval: 50 };

/** Prints what it is asked to: `/say/N` N numbered lines, `/crash` a last word, `/flood/N` N lines at once. */
const TALKER = `
let said = 0;
const say = (count) => { for (let index = 0; index < count; index += 1) console.log('line ' + (said += 1)); };
require('node:http').createServer((request, response) => {
  const [, what, count = '1'] = request.url.split('/');
  if (what === 'say') say(Number(count));
  if (what === 'secret') {
    const value = process.env.TOKEN;
    console.log('raw', value);
    console.log('base64', Buffer.from('user:' + value).toString('base64'));
    console.log('url', encodeURIComponent(value));
    console.log('json', JSON.stringify({ value }));
    const [first, ...rest] = ['half ' + value.slice(0, 20), value.slice(20) + '\\n'];
    process.stdout.write(first);
    setTimeout(() => process.stdout.write(rest[0]), 700);
  }
  if (what === 'flood') process.stdout.write(('x'.repeat(99) + '\\n').repeat(Number(count)));
  if (what === 'crash') { process.stderr.write('no database, giving up'); process.exit(3); }
  response.end(String(said));
}).listen(Number(process.env.PORT), process.env.HOST, () => console.log('ready'));
`;

const talker = { ...nodeApp({ says: '' }), 'server.js': TALKER };

let shop: Shop;
let redis: ReturnType<typeof listenToRedis>;
const canary = newCanary();

beforeAll(async () => {
  shop = await openShop(talker);
  redis = listenToRedis(shop.system.redis);
  await shop.system.client.setVariable('shop', 'TOKEN', { value: canary.value });
  await shop.system.deploy('shop');
}, 120_000);

afterAll(async () => {
  redis?.stop();
  await shop?.close();
});

async function output(query = ''): Promise<string> {
  return await (await ask(query)).text();
}

async function ask(query: string, accept = 'text/plain'): Promise<Response> {
  const { apiUrl, token } = shop.system;
  return await fetch(`${apiUrl}/v1/apps/shop/logs${query}`, { headers: { authorization: `Bearer ${token}`, accept } });
}

async function events(query = ''): Promise<OutputEvent[]> {
  const text = await (await ask(query, 'application/x-ndjson')).text();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as OutputEvent]));
}

const visit = (path: string) => shop.system.visit('shop', path).catch(() => ({ status: 0, body: '' }));
const numbersIn = (text: string): number[] => [...text.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

describe.sequential('what an app prints', { timeout: 90_000 }, () => {
  it('is there with its time, instance and deployment', async () => {
    await visit('/say/3');
    await expect.poll(() => output(), SOON).toBe('ready\nline 1\nline 2\nline 3\n');
    const [instance] = (await shop.system.client.app('shop')).instances;
    const found = await events();
    expect(found.length).toBeGreaterThan(0);
    for (const event of found) {
      expect(event).toMatchObject({ type: 'output', instanceId: instance?.id, number: 1, droppedLines: 0 });
      expect(Math.abs(event.at - Date.now())).toBeLessThan(60_000);
    }
  });

  it('is chosen by tail, since, instance and deployment', async () => {
    expect(await output('?tail=2')).toBe('line 2\nline 3\n');
    expect(await output('?tail=0')).toBe('');
    expect(await output('?since=0')).toBe('ready\nline 1\nline 2\nline 3\n');
    expect(await output(`?since=${new Date(Date.now() + 60_000).toISOString()}`)).toBe('');
    expect(await output('?deployment=1&tail=1')).toBe('line 3\n');
    expect(await output('?deployment=7')).toBe('');
    expect(await output('?instance=ins_aaaaaaaa')).toBe('');
    for (const query of ['?tail=-1', '?tail=999999', '?since=soon', '?instance=x', '?deployment=0'])
      expect((await ask(query)).status, query).toBe(400);
  });

  it('is masked in every form, over pieces too', async () => {
    await visit('/secret');
    await expect.poll(() => output(), SOON).toContain('half ***');
    const text = await output();
    expect(text).toContain('raw ***\n');
    expect(text).toContain('url ***\n');
    expect(text).toContain('json {"value":"***"}\n');
    expect(text).toMatch(/base64 \S*\*\*\*/);
    expect(holdsTrace(text, [canary])).toBe(false);
  });

  it('is followed as it happens, and resumed after the event that was read last', async () => {
    const ending = new AbortController();
    const heard: OutputEvent[] = [];
    const following = (async () => {
      const options = { tail: 0, signal: ending.signal };
      for await (const event of shop.system.client.followOutput('shop', options)) heard.push(event);
    })();
    await expect
      .poll(async () => {
        await visit('/say/1');
        return heard.length;
      }, SOON)
      .toBeGreaterThan(0);
    ending.abort();
    await following;
    const [first] = heard;
    await visit('/say/5');
    const said = Number((await visit('/')).body);
    const rest: OutputEvent[] = [];
    for await (const event of shop.system.client.followOutput('shop', { after: first?.id })) {
      rest.push(event);
      if (event.lines.includes(`line ${said}`)) break;
    }
    expect(rest.map(({ id }) => id)).toEqual(rest.map((_, index) => (first?.id ?? 0) + index + 1));
    const all = [first, ...rest].flatMap((event) => event?.lines ?? []).map((line) => Number(line.slice(5)));
    expect(all).toEqual(all.map((_, index) => said - all.length + index + 1));
  });

  it('is neither lost nor repeated when its runner is killed in the midst of it', async () => {
    const said = Number((await visit('/')).body);
    for (let round = 0; round < 3; round += 1) {
      await visit('/say/2000');
      await shop.system.services.runner.signal('SIGKILL');
      await visit('/say/2000');
      shop.system.start('runner');
      await visit('/say/10');
    }
    const last = said + 3 * 4_010;
    await expect.poll(() => output('?tail=1'), SOON).toBe(`line ${last}\n`);
    expect(numbersIn(await output('?since=0'))).toEqual(upTo(last));
  });

  it('is there when it comes while Redis is away', async () => {
    const said = Number((await visit('/')).body);
    await shop.system.redis.kill();
    await visit('/say/500');
    await shop.system.redis.restart();
    await expect.poll(() => output('?tail=1').catch(() => ''), SOON).toBe(`line ${said + 500}\n`);
    expect(numbersIn(await output('?since=0'))).toEqual(upTo(said + 500));
  });

  it('of more than an instance may say is left out with a mark, and what comes later is there', async () => {
    const LINES = 80_000;
    await visit(`/flood/${LINES}`);
    const count = async () => {
      const found = await events('?since=0');
      const flood = found.flatMap(({ lines }) => lines.filter((line) => line.startsWith('xxx'))).length;
      return { flood, dropped: found.reduce((sum, event) => sum + event.droppedLines, 0) };
    };
    await expect
      .poll(async () => {
        await visit('/say/1');
        const { flood, dropped } = await count();
        return flood + dropped;
      }, SOON)
      .toBeGreaterThanOrEqual(LINES);
    expect((await count()).flood).toBeLessThan(LINES / 2);
    expect(await output()).toMatch(/… \d+ lines left out: an instance may print/);
    const said = Number((await visit('/say/1')).body);
    await expect.poll(() => output('?tail=1'), SOON).toBe(`line ${said}\n`);
  });

  it('just before a crash is there, although nothing ended its last line', async () => {
    await visit('/crash');
    await expect.poll(() => output(), SOON).toContain('no database, giving up\n');
    await expect.poll(async () => (await output()).trimEnd().split('\n').at(-1), SOON).toBe('ready');
    const [instance] = (await shop.system.client.app('shop')).instances;
    const ends = (await output('?since=0')).match(/giving up/g);
    expect(ends).toHaveLength(instance?.restarts ?? 0);
  });

  it('of an old deployment is there beside that of the new one', async () => {
    await shop.repository.commit({ ...talker, 'server.js': TALKER.replace("'ready'", "'ready again'") });
    expect(await shop.system.deploy('shop')).toMatchObject({ status: 'succeeded' });
    await expect.poll(() => output('?deployment=2'), SOON).toBe('ready again\n');
    expect(await output('?deployment=1')).toContain('ready\n');
  });

  it('shows no secret in Redis, its messages, blobs and logs', async () => {
    expect(holdsTrace(redis.heard(), [canary])).toBe(false);
    expect(await filesWithTrace(shop.system.redis.directory, [canary])).toEqual([]);
    expect(await filesWithTrace(`${shop.system.dataDirectory}/blobs`, [canary])).toEqual([]);
    expect(holdsTrace(await shop.system.processLogs(), [canary])).toBe(false);
  });

  it('goes with its app', async () => {
    const following = shop.system.client.followOutput('shop', { tail: 1 });
    await following.next();
    const [environment] = await readdir(`${shop.system.dataDirectory}/blobs/output`);
    expect(environment).toMatch(/^env_/);
    await shop.system.client.deleteApp('shop');
    const untilGone = async (): Promise<never> => {
      for (;;) await following.next();
    };
    await expect(untilGone()).rejects.toMatchObject({ code: 'app-not-found' });
    await expect.poll(() => readdir(`${shop.system.dataDirectory}/blobs/output`), SOON).toEqual([]);
  });
});

import { createLog } from '@switchyard/service';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
// @boundaries-ignore the walk through the chain is shared with the tests of the queue
import { ChainWalk } from '../../../tests/harness/chain-walk.ts';
import { startTlsAsk } from './tls-ask.ts';

let chain: ChainWalk;
let server: Awaited<ReturnType<typeof startTlsAsk>>;

beforeEach(async () => {
  chain = await ChainWalk.open(inject('redisUrl'));
  server = await startTlsAsk({
    domains: chain.store.domains,
    apps: chain.store.apps,
    appsDomain: 'apps.example.test',
    apiHost: 'deploy.example.test',
    log: createLog({ process: 'api', level: 'silent' }),
    host: '127.0.0.1',
    port: 0,
  });
});
afterEach(async () => {
  await server.close();
  await chain.close();
});

async function ask(domain: string): Promise<number> {
  const url = `http://127.0.0.1:${server.port}/v1/tls/ask?domain=${encodeURIComponent(domain)}`;
  return (await fetch(url)).status;
}

it('names of apps below the farm’s domain and the api’s host are ours; other names there are not', async () => {
  await chain.newApp('shop');
  const { id } = (await chain.store.apps.find('shop')) ?? { id: '' };
  expect(await ask('shop.apps.example.test')).toBe(200);
  expect(await ask('SHOP.apps.example.TEST')).toBe(200);
  expect(await ask('deploy.example.test')).toBe(200);
  for (const host of [
    'none.apps.example.test',
    'a.shop.apps.example.test',
    'apps.example.test',
    `${id}.apps.example.test`,
  ])
    expect(await ask(host), host).toBe(404);
});

it('other paths are not there', async () => {
  for (const path of ['/', '/v1/apps', '/v1/tls/ask/', '//x', '/%', '//[', '//[?domain=%'])
    expect((await fetch(`http://127.0.0.1:${server.port}${path}`)).status, path).toBe(404);
});

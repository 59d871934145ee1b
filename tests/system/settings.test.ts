import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { openShop, type Shop } from '../harness/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await openShop({
    ...nodeApp({ says: 'hello', build: 'node build.js detected' }),
    'build.js': `
      const { SWITCHYARD_APP, SWITCHYARD_ENVIRONMENT, SWITCHYARD_COMMIT } = process.env;
      if (SWITCHYARD_APP !== 'shop' || SWITCHYARD_ENVIRONMENT !== 'production') throw new Error('not told where it runs');
      if (SWITCHYARD_COMMIT !== undefined) throw new Error('told what differs between deployments');
      require('node:fs').mkdirSync('dist', { recursive: true });
      require('node:fs').writeFileSync('dist/by', process.argv[2]);
    `,
    'server.js': `
      const by = require('node:fs').readFileSync('dist/by', 'utf8');
      const server = require('node:http').createServer((request, response) => response.end(by));
      server.listen(Number(process.env.PORT), process.env.HOST);
      process.on('SIGTERM', () => { server.close(() => process.exit(0)); server.closeIdleConnections(); });
    `,
  });
});

afterAll(async () => {
  await shop?.close();
});

const deciderOf = ({ plan }: DeploymentView, subject: string): string | undefined =>
  plan?.reasons.find((reason) => reason.subject === subject)?.decider;
const cacheOf = ({ stages }: DeploymentView, stage: string) => stages.find(({ name }) => name === stage)?.cache;

async function deployed(): Promise<DeploymentView> {
  const deployment = await shop.system.deploy('shop');
  expect(deployment.diagnosis).toBeNull();
  expect(deployment.status).toBe('succeeded');
  return deployment;
}

async function shown(): Promise<string> {
  return (await shop.system.visit('shop')).body;
}

describe('what decides how an app is built', { timeout: 180_000 }, () => {
  it('is detection, then switchyard.json, then the settings; and each is built anew', async () => {
    const detected = await deployed();
    expect(deciderOf(detected, 'build')).toBe('detected');
    expect(await shown()).toBe('detected');

    await shop.repository.commit({ 'switchyard.json': JSON.stringify({ build: 'node build.js file' }) });
    const file = await deployed();
    expect(deciderOf(file, 'build')).toBe('file');
    expect(await shown()).toBe('file');

    await shop.system.client.changeSettings('shop', { build: 'node build.js settings' }, '*');
    const settings = await deployed();
    expect(deciderOf(settings, 'build')).toBe('settings');
    expect(cacheOf(settings, 'build')).toMatchObject({ result: 'miss', because: 'the build commands changed' });
    expect(await shown()).toBe('settings');

    await shop.system.client.changeSettings('shop', { build: null }, '*');
    const again = await deployed();
    expect(deciderOf(again, 'build')).toBe('file');
    expect(cacheOf(again, 'build')).toMatchObject({ result: 'hit' });
    expect(await shown()).toBe('file');
  });

  it('is refused before anything is done when variables are missing that it requires, all named at once', async () => {
    await shop.repository.commit({
      'switchyard.json': JSON.stringify({
        build: 'node build.js file',
        requiredVariables: ['API_KEY', { name: 'DATABASE_URL', description: 'where orders are' }, 'MODE'],
      }),
    });
    await shop.system.client.setVariable('shop', 'MODE', { value: 'fast' });
    const refused = await shop.system.deploy('shop');
    expect(refused).toMatchObject({
      status: 'failed',
      diagnosis: { cause: 'variables_missing', stage: 'environment', fault: 'user' },
    });
    expect(refused.diagnosis?.explanation).toBe(
      'API_KEY, DATABASE_URL (where orders are) are required and not set for production. Set them: ' +
        '`switchyard variables set shop API_KEY=… DATABASE_URL=…`, or `switchyard variables import shop .env`; then deploy again.',
    );
    expect(refused.stages.find(({ name }) => name === 'install')?.status).toBe('skipped');
    await shop.system.client.setVariables('shop', { set: { API_KEY: 'a', DATABASE_URL: 'b' } });
    await deployed();
  });

  it('is the branch that the settings name, where a deployment names none', async () => {
    await shop.repository.git('checkout', '--quiet', '-b', 'next');
    await shop.repository.commit({
      'switchyard.json': JSON.stringify({ build: 'node build.js next' }),
    });
    await shop.repository.git('checkout', '--quiet', 'main');
    await shop.system.client.changeSettings('shop', { branch: 'next' }, '*');
    expect((await deployed()).commit?.branch).toBe('next');
    expect(await shown()).toBe('next');
  });
});

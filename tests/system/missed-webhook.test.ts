import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';
import { waitFor } from '../harness/wait-for.ts';

let system: System;
let repository: Repository;

beforeAll(async () => {
  system = await startSystem({ env: { SWITCHYARD_HEAD_CHECK_INTERVAL_S: '1' } });
  repository = await createRepository(nodeApp({ says: 'one' }));
});

afterAll(async () => {
  await system?.stop();
  await repository?.remove();
});

test('a push that no webhook told of is deployed all the same, once', { timeout: 120_000 }, async () => {
  await system.client.createApp({ name: 'shop', repository: repository.url });
  await system.client.renewWebhookSecret('shop');
  expect((await system.deploy('shop')).status).toBe('succeeded');
  const sha = await repository.commit(nodeApp({ says: 'two' }), 'Unheard');
  await waitFor('the push is live', async () => (await system.visit('shop')).body === 'two', 90_000, 100);
  const { deployments } = await system.client.deployments('shop');
  expect(deployments.map(({ trigger, commit }) => [trigger, commit?.sha])).toEqual([
    ['poll', sha],
    ['api', expect.not.stringMatching(sha)],
  ]);
});

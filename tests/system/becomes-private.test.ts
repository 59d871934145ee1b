import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GitHttpServer, type HostedRepository, startGitHttpServer } from '../harness/git-http-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let forge: GitHttpServer;
let hosted: HostedRepository;

beforeAll(async () => {
  repository = await createRepository(nodeApp({ says: 'open' }));
  forge = await startGitHttpServer();
  hosted = forge.host('team/shop.git', { directory: join(repository.directory, '.git'), isPublic: true });
  system = await startSystem();
  await system.client.createApp({ name: 'shop', repository: forge.url('team/shop.git') });
});

afterAll(async () => {
  await system?.stop();
  await forge?.close();
  await repository?.remove();
});

it('a repository that becomes private deploys no more until the app has a token, and what is live stays', {
  timeout: 90_000,
}, async () => {
  expect((await system.deploy('shop')).status).toBe('succeeded');

  hosted.isPublic = false;
  await repository.commit(nodeApp({ says: 'closed' }));
  // Also the commit that is mirrored here: whoever lost the right to read it does not deploy it.
  for (const ref of [undefined, await repository.git('rev-parse', 'HEAD~1')]) {
    const refused = await system.deploy('shop', ref === undefined ? {} : { ref });
    expect(refused).toMatchObject({ status: 'failed', diagnosis: { cause: 'source_auth_failed', fault: 'user' } });
  }
  expect(await system.visit('shop')).toEqual({ status: 200, body: 'open' });

  hosted.tokens.add('token-of-the-shop');
  await system.client.setSourceCredential('shop', { kind: 'token', token: 'token-of-the-shop' });
  expect((await system.deploy('shop')).status).toBe('succeeded');
  expect(await system.visit('shop')).toEqual({ status: 200, body: 'closed' });
});

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canaryOf, newCanary, newToken } from '../harness/canary.ts';
import { pushOf } from '../harness/forges.ts';
import { type GitHttpServer, type HostedRepository, startGitHttpServer } from '../harness/git-http-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { PRINT_SECRET } from '../harness/printed-secrets.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type SecretWatch, watchSecrets } from '../harness/secret-watch.ts';
import { type System, startSystem } from '../harness/system.ts';

const print = (name: string, rest = ''): string =>
  `node -e "require('./print.js').print('${name}', process.env.${name})${rest}"`;

/** Its build prints what builds see, its migration and its instances what they see. */
const app = {
  ...nodeApp({
    says: 'secrets were printed',
    build: `mkdir -p dist && ${print('BUILD_SECRET')} && ${print('SHARED_SECRET')}`,
    migrate: print('RUN_SECRET'),
    atStart: `void require('./print.js').print('RUN_SECRET', process.env.RUN_SECRET)
      .then(() => require('./print.js').print('SHARED_SECRET', process.env.SHARED_SECRET));`,
  }),
  'print.js': PRINT_SECRET,
};

let system: System;
let repository: Repository;
let forge: GitHttpServer;
let hosted: HostedRepository;
let watch: SecretWatch;
let webhookSecret: string;

beforeAll(async () => {
  repository = await createRepository(app);
  forge = await startGitHttpServer();
  hosted = forge.host('team/shop.git', { directory: join(repository.directory, '.git'), isPublic: false });
  system = await startSystem();
  watch = watchSecrets(system);
  await system.client.createApp({ name: 'shop', repository: forge.url('team/shop.git') });
});

afterAll(async () => {
  watch?.stop();
  await system?.stop();
  await forge?.close();
  await repository?.remove();
});

async function output(): Promise<string> {
  let text = '';
  for await (const event of system.client.outputEvents('shop', { tail: 10_000 })) text += `${event.lines.join('\n')}\n`;
  return text;
}

describe.sequential('secrets that everything prints', { timeout: 120_000 }, () => {
  it('let an app deploy: a token, variables of both scopes, a webhook’s secret', async () => {
    const token = watch.look(newToken()).value;
    hosted.tokens.add(token);
    watch.heard(await system.client.setSourceCredential('shop', { kind: 'token', token }));
    for (const [name, scope] of [
      ['BUILD_SECRET', 'build'],
      ['RUN_SECRET', 'run'],
      ['SHARED_SECRET', 'both'],
    ] as const) {
      const { value } = watch.look(newCanary());
      watch.heard(await system.client.setVariable('shop', name, { value, scope }));
    }
    webhookSecret = (await system.client.renewWebhookSecret('shop')).secret;
    watch.look(canaryOf(webhookSecret));
    const deployment = await watch.deploy('shop');
    expect(deployment.diagnosis).toBeNull();
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'secrets were printed' });
  });

  it('are printed by build, migration and instance, and shown as ***', async () => {
    const [{ id } = { id: '' }] = (await system.client.deployments('shop')).deployments;
    const log = await system.logsOf(id);
    await expect.poll(output, { timeout: 30_000, interval: 200 }).toContain('SHARED_SECRET was printed');
    for (const [all, name] of [
      [log, 'BUILD_SECRET'],
      [log, 'SHARED_SECRET'],
      [log, 'RUN_SECRET'],
      [await output(), 'RUN_SECRET'],
      [await output(), 'SHARED_SECRET'],
    ] as const) {
      // Not the thousands of lines that are nothing else.
      const text = all.replaceAll(/^\*\*\*\n/gm, '');
      expect(text).toContain(`${name} raw ***\n`);
      expect(text).toContain(`${name} url https://user:***@host/\n`);
      expect(text).toContain(`${name} json {"value":"***"}\n`);
      expect(text).toContain(`${name} in two pieces ***\n`);
      expect(text).toContain(`${name} in letters ***\n`);
      expect(text).toContain(`${name} was printed\n`);
    }
  });

  it('go with a deployment that a webhook asks for', async () => {
    const sha = await repository.commit({ ...app, 'CHANGES.md': 'one\n' });
    const { headers, body } = pushOf('github', { ref: 'refs/heads/main', after: sha }, { secret: webhookSecret });
    const deployment = await watch.follow(async () => {
      const answer = await fetch(`${system.apiUrl}/v1/hooks/shop/github`, { method: 'POST', headers, body });
      const text = await answer.text();
      watch.heard(text);
      return String((JSON.parse(text) as { id: unknown }).id);
    });
    expect(deployment).toMatchObject({ status: 'succeeded', commit: { sha }, trigger: 'webhook' });
    expect(await system.client.deliveries('shop')).not.toEqual([]);
  });

  it('are told back by a host that shows the token that it was shown', async () => {
    hosted.refuses = (authorization) => `No: ${authorization}, that is ${passwordIn(authorization)}\n`;
    const failed = await watch.deploy('shop');
    expect(failed).toMatchObject({ status: 'failed', diagnosis: { fault: 'user' } });
    expect(await system.logsOf(failed.id)).toContain('that is x-access-token:***');
    // Heads are asked for by another way, of which the processes' logs tell.
    const asking = system.start('worker', { SWITCHYARD_HEAD_CHECK_INTERVAL_S: '1' });
    await expect
      .poll(() => system.processLogs(), { timeout: 30_000, interval: 200 })
      .toContain('the head of a branch could not be seen');
    await asking.signal('SIGTERM');
    hosted.refuses = null;
  });

  it('are found nowhere: Redis, its messages and files, the data directory, logs, answers, events, command lines', async () => {
    expect(watch.commandLineLooks).toBeGreaterThan(20);
    expect(await watch.places()).toEqual([]);
  });

  it('are, as an instance itself has printed them, beside it for as long as it is there', async () => {
    expect((await watch.rawOutputs()).length).toBeGreaterThan(0);
    await system.client.deleteApp('shop');
    await expect.poll(() => watch.rawOutputs(), { timeout: 30_000, interval: 200 }).toEqual([]);
    expect(await watch.places()).toEqual([]);
  });
});

const passwordIn = (authorization: string): string =>
  Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();

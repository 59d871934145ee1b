import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canaryOfPrivateKey, newCanary } from '../harness/canary.ts';
import { type GitSshServer, startGitSshServer } from '../harness/git-ssh-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { PRINT_SECRET } from '../harness/printed-secrets.ts';
import { processesWith } from '../harness/process-table.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type SecretWatch, watchSecrets } from '../harness/secret-watch.ts';
import { type System, startSystem } from '../harness/system.ts';
import { waitFor } from '../harness/wait-for.ts';

let system: System;
let repository: Repository;
let forge: GitSshServer;
let publicKey: string;
let watch: SecretWatch;

/** Prints its variable when it is built and when it starts. */
const app = {
  ...nodeApp({
    says: 'private',
    build: `node -e "require('./print.js').print('SECRET', process.env.SECRET)"`,
    atStart: `void require('./print.js').print('SECRET', process.env.SECRET);`,
  }),
  'print.js': PRINT_SECRET,
};

/** Where a worker has a private key for as long as a Git command takes. */
const MEMORY = '/dev/shm';
const keyDirectories = async () =>
  (await readdir(MEMORY)).filter(
    (name) => name.startsWith('switchyard-private-') && name.includes(`-${system.services.worker.pid}-`),
  );

beforeAll(async () => {
  repository = await createRepository(app);
  forge = await startGitSshServer();
  system = await startSystem();
  watch = watchSecrets(system);
  await system.client.createApp({ name: 'shop', repository: forge.url(repository.directory) });
  await system.client.setVariable('shop', 'SECRET', { value: watch.look(newCanary()).value });
});

afterAll(async () => {
  watch?.stop();
  await system?.stop();
  await forge?.stop();
  await repository?.remove();
});

const causeOf = ({ diagnosis }: DeploymentView): string | undefined => diagnosis?.cause;
const host = (): string => `[127.0.0.1]:${forge.port}`;

/** Reads the key while a worker shows it to Git. */
async function seePrivateKey(): Promise<string> {
  let seen = '';
  const look = async (): Promise<boolean> => {
    for (const name of await keyDirectories())
      seen = await readFile(join(MEMORY, name, 'key'), 'utf8').catch(() => seen);
    return seen.endsWith('-----END OPENSSH PRIVATE KEY-----\n');
  };
  await waitFor('a worker has the key in a file', look, 60_000, 1);
  return seen;
}

describe.sequential('an app with a deploy key', () => {
  it('is asked for one where it has none, and no key of this machine is tried', async () => {
    const failed = await system.deploy('shop');
    expect(failed).toMatchObject({ status: 'failed', diagnosis: { stage: 'source', fault: 'user' } });
    expect(failed.diagnosis?.fix).toContain('deploy key');
  });

  it('is refused until its public half is entered at the host, and deploys from then on', async () => {
    const made = await system.client.setSourceCredential('shop', { kind: 'deploy-key' });
    publicKey = made.publicKey ?? '';
    expect(made).toMatchObject({ host: `127.0.0.1:${forge.port}` });
    expect(causeOf(await system.deploy('shop'))).toBe('source_credential_rejected');
    await forge.letIn(publicKey);
    const [seen, deployed] = await Promise.all([seePrivateKey(), watch.deploy('shop')]);
    watch.look(canaryOfPrivateKey(seen));
    expect(deployed.diagnosis).toBeNull();
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'private' });
  });

  it('leaves its private half and its variables nowhere', async () => {
    expect(await keyDirectories()).toEqual([]);
    expect(await processesWith('OPENSSH PRIVATE KEY')).toEqual([]);
    // Another deployment, now that it is known what to look for in the command lines.
    expect((await watch.deploy('shop')).status).toBe('succeeded');
    expect(watch.commandLineLooks).toBeGreaterThan(5);
    expect(await watch.places()).toEqual([]);
  });

  it('keeps the host’s key from the first meeting, and refuses another until the host is forgotten', async () => {
    const [known] = await system.client.knownHosts();
    expect(known).toMatchObject({ host: host(), keys: [{ type: 'ssh-ed25519' }] });
    await forge.changeHostKey();
    const refused = await system.deploy('shop');
    expect(refused).toMatchObject({
      status: 'failed',
      diagnosis: { cause: 'source_ssh_host_key', fault: 'user', details: { host: host() } },
    });
    expect(refused.diagnosis?.fix).toContain('forget-host');
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'private' });
    await system.client.forgetKnownHost(host());
    expect((await system.deploy('shop')).status).toBe('succeeded');
    const [met] = await system.client.knownHosts();
    expect(met?.keys).not.toEqual(known?.keys);
  });

  it('counts no more when another is made', async () => {
    await system.client.setSourceCredential('shop', { kind: 'deploy-key' });
    expect(causeOf(await system.deploy('shop'))).toBe('source_credential_rejected');
  });
});

import { readdir } from 'node:fs/promises';
import type { DeploymentView } from '@switchyard/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Canary, filesWithTrace } from '../harness/canary.ts';
import { type GitSshServer, startGitSshServer } from '../harness/git-ssh-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { processesWith } from '../harness/process-table.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type System, startSystem } from '../harness/system.ts';

let system: System;
let repository: Repository;
let forge: GitSshServer;
let publicKey: string;

beforeAll(async () => {
  repository = await createRepository(nodeApp({ says: 'private' }));
  forge = await startGitSshServer();
  system = await startSystem();
  await system.client.createApp({ name: 'shop', repository: forge.url(repository.directory) });
});

afterAll(async () => {
  await system?.stop();
  await forge?.stop();
  await repository?.remove();
});

const causeOf = ({ diagnosis }: DeploymentView): string | undefined => diagnosis?.cause;
const host = (): string => `[127.0.0.1]:${forge.port}`;

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
    const deployed = await system.deploy('shop');
    expect(deployed.diagnosis).toBeNull();
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'private' });
  });

  it('leaves no private key in a file, a log or a process', async () => {
    expect((await readdir('/dev/shm')).filter((name) => name.startsWith('switchyard-private-'))).toEqual([]);
    expect(await processesWith('OPENSSH PRIVATE KEY')).toEqual([]);
    expect(await system.processLogs()).not.toContain('PRIVATE KEY');
    const beginning = Buffer.from('openssh-key-v1').toString('base64').replace(/=+$/, '');
    const key: Canary = { value: beginning, traces: ['OPENSSH PRIVATE KEY', beginning.slice(0, -1)] };
    expect(await filesWithTrace(system.dataDirectory, [key])).toEqual([]);
    expect(await filesWithTrace(system.redis.directory, [key])).toEqual([]);
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

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newToken } from '../harness/canary.ts';
import { createAuthority, type TestAuthority } from '../harness/certificates.ts';
import { type GitHttpServer, startGitHttpServer } from '../harness/git-http-server.ts';
import { nodeApp } from '../harness/node-app.ts';
import { createRepository, type Repository } from '../harness/repository.ts';
import { type SecretWatch, watchSecrets } from '../harness/secret-watch.ts';
import { type System, startSystem } from '../harness/system.ts';

const LARGE = Buffer.from('kept in Git LFS\n');
const OID = createHash('sha256').update(LARGE).digest('hex');

const token = newToken();
let authority: TestAuthority;
let forge: GitHttpServer;
let repository: Repository;
let system: System;
let watch: SecretWatch;

beforeAll(async () => {
  authority = await createAuthority();
  forge = await startGitHttpServer(authority.server);
  repository = await createRepository({
    ...nodeApp({ says: 'fetched over https', build: "grep -q 'kept in Git LFS' large.bin" }),
    '.gitattributes': '*.bin filter=lfs\n',
    'large.bin': `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize ${LARGE.length}\n`,
  });
  forge.host('team/shop.git', {
    directory: join(repository.directory, '.git'),
    isPublic: false,
    tokens: new Set([token.value]),
    objects: new Map([[OID, LARGE]]),
  });
  system = await startSystem({ env: { SWITCHYARD_ALLOW_PRIVATE_REPOSITORIES: '127.0.0.1,localhost' } });
  watch = watchSecrets(system);
  watch.look(token);
  for (const [name, host] of [
    ['shop', '127.0.0.1'],
    ['misnamed', 'localhost'],
  ] as const) {
    await system.client.createApp({ name, repository: forge.url('team/shop.git', host) });
    await system.client.setSourceCredential(name, { kind: 'token', token: token.value });
  }
});

afterAll(async () => {
  watch?.stop();
  await system?.stop();
  await forge?.close();
  await repository?.remove();
  await authority?.remove();
});

describe.sequential('a Git host whose certificate an authority of its own has signed', { timeout: 120_000 }, () => {
  it('is not trusted: the deployment says what to do, and the host is asked for nothing and shown no token', async () => {
    const failed = await watch.deploy('shop');
    expect(failed).toMatchObject({
      status: 'failed',
      diagnosis: { stage: 'source', cause: 'source_tls_untrusted', fault: 'platform' },
    });
    expect(failed.diagnosis?.fix).toContain('SWITCHYARD_EXTRA_CA_CERTS');
    expect(forge.seen).toEqual([]);
  });

  it('is trusted once the operator has named its authority: Git and Git LFS fetch from it, with the token', async () => {
    await system.services.worker.signal('SIGTERM');
    system.start('worker', { SWITCHYARD_EXTRA_CA_CERTS: authority.certificateFile });
    const deployed = await watch.deploy('shop');
    expect(deployed.diagnosis).toBeNull();
    expect(await system.visit('shop')).toMatchObject({ status: 200, body: 'fetched over https' });
    for (const service of ['/git-upload-pack', '/info/lfs/objects/batch', `/info/lfs/storage/${OID}`])
      expect(forge.seen.find(({ path }) => path.endsWith(service))?.authorization, service).toMatch(/^Basic /);
  });

  it('is not trusted under a name that its certificate does not have', async () => {
    forge.seen.length = 0;
    const failed = await watch.deploy('misnamed');
    expect(failed).toMatchObject({ status: 'failed', diagnosis: { cause: 'source_tls_untrusted', fault: 'platform' } });
    expect(forge.seen).toEqual([]);
  });

  it('leaves the token nowhere', async () => {
    expect(await watch.places()).toEqual([]);
  });
});

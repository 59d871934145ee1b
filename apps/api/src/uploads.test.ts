import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { LIMITS, Problem } from '@switchyard/domain';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
// @boundaries-ignore archives made by hand, which other packages are tested with too
import { HOSTILE, tarGzOf } from '../../../tests/harness/archives.ts';
// @boundaries-ignore the harness of tests that cross packages
import { waitFor } from '../../../tests/harness/wait-for.ts';
import { type RunningApi, startApi } from './testing/running-api.ts';

let api: RunningApi;
/** The time in which the walk’s records live. */
const WALK_NOW = 1_800_000_000_000;
const GZIP = { 'content-type': 'application/gzip' };
const FINE = tarGzOf([
  { name: './package.json', content: '{}' },
  { name: './run', type: '2', target: 'package.json' },
]);

beforeAll(async () => {
  api = await startApi({ redisUrl: inject('redisUrl'), now: () => WALK_NOW + Math.floor(performance.now()) });
  await api.client.createApp({ name: 'folder' });
});
beforeEach(async () => {
  await api.client.deleteApp('folder');
  await api.client.createApp({ name: 'folder' });
});
afterAll(() => api.close());

const send = async (body: Buffer, headers: Record<string, string> = GZIP, app = 'folder') =>
  await api.ask(`/v1/apps/${app}/uploads`, { method: 'POST', headers, body });

async function files(): Promise<string[]> {
  const entries = await readdir(join(api.directory, 'blobs', 'uploads', await idOf('folder')), {
    recursive: true,
  }).catch(() => []);
  return entries.map(String);
}

const idOf = async (app: string) => (await api.client.app(app)).id;

async function problemOf(response: Response): Promise<Pick<Problem, 'status' | 'code'>> {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const { status, code } = Problem.parse(await response.json());
  expect(response.status).toBe(status);
  return { status, code };
}

describe('an upload', () => {
  test('is kept, and deployed by its id', async () => {
    const response = await send(FINE);
    expect(response.status).toBe(201);
    const upload = (await response.json()) as { id: `upl_${string}` };
    expect(upload).toMatchObject({ bytes: FINE.length, files: 2, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await files()).toEqual([`${upload.id}.tar.gz`]);
    expect(await api.client.uploads('folder')).toEqual([upload]);
    const deployment = await api.client.deploy('folder', { upload: upload.id });
    expect(deployment).toMatchObject({ upload: upload.id, repository: null, ref: null, status: 'queued' });
  });

  test('sent through the client is the same', async () => {
    const upload = await api.client.upload('folder', new Blob([FINE]).stream());
    expect(upload.bytes).toBe(FINE.length);
  });

  test('makes the oldest go when there are more than are kept, with its bytes', async () => {
    const ids: string[] = [];
    for (let index = 0; index <= LIMITS.keptUploads; index += 1)
      ids.push((await api.client.upload('folder', new Blob([FINE]).stream())).id);
    expect((await files()).sort()).toEqual(
      ids
        .slice(1)
        .map((id) => `${id}.tar.gz`)
        .sort(),
    );
    await expect(api.client.deploy('folder', { upload: ids[0] as `upl_${string}` })).rejects.toMatchObject({
      problem: { code: 'upload-not-found', status: 404 },
    });
  });
});

describe('what is refused leaves nothing behind', () => {
  test.each(Object.entries(HOSTILE))('%s', async (_, bytes) => {
    expect(await problemOf(await send(bytes))).toEqual({ status: 422, code: 'upload-refused' });
    expect(await files()).toEqual([]);
    expect(await api.client.uploads('folder')).toEqual([]);
  });

  test.each(['application/json', 'application/zip', 'text/plain', 'multipart/form-data; boundary=x'])(
    'a body of type %s',
    async (type) => {
      expect(await problemOf(await send(FINE, { 'content-type': type }))).toEqual({
        status: 415,
        code: 'unsupported-media-type',
      });
    },
  );

  test('an upload for an app that is not there', async () => {
    expect(await problemOf(await send(FINE, GZIP, 'nobody'))).toEqual({ status: 404, code: 'app-not-found' });
  });

  test('one that says that it is too large, before it comes', async () => {
    const answered = await new Promise<number>((resolve, reject) => {
      const asking = request(
        `${api.url}/v1/apps/folder/uploads`,
        {
          method: 'POST',
          headers: { ...GZIP, authorization: `Bearer ${api.token}`, 'content-length': LIMITS.maxUploadBytes + 1 },
        },
        (response) => {
          resolve(response.statusCode ?? 0);
          asking.destroy();
        },
      );
      asking.on('error', reject);
      asking.write('x');
    });
    expect(answered).toBe(413);
  });

  test('one that turns out too large, while it comes', { timeout: 60_000 }, async () => {
    const piece = randomBytes(1024 * 1024);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += piece.length;
        controller.enqueue(piece);
      },
    });
    await expect(api.client.upload('folder', endless)).rejects.toMatchObject({
      problem: { status: 413, code: 'body-too-large' },
    });
    expect(sent).toBeLessThan(LIMITS.maxUploadBytes * 1.5);
    expect(await files()).toEqual([]);
  });

  test('one whose sender goes away in the middle', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.write(
      `POST /v1/apps/folder/uploads HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.token}\r\nContent-Type: application/gzip\r\nContent-Length: 100000\r\n\r\n`,
    );
    socket.write(FINE);
    await waitFor('the upload has begun', async () => (await files()).length === 1, 30_000, 10);
    socket.destroy();
    await waitFor('what was written is gone', async () => (await files()).length === 0, 30_000, 10);
    expect(await api.client.uploads('folder')).toEqual([]);
  });

  test('more at once than are taken', async () => {
    const senders = Array.from({ length: LIMITS.maxUploadsUnderWay }, () => {
      const asking = request(`${api.url}/v1/apps/folder/uploads`, {
        method: 'POST',
        headers: { ...GZIP, authorization: `Bearer ${api.token}` },
      });
      asking.on('error', () => undefined);
      asking.write(FINE.subarray(0, 20));
      return asking;
    });
    await waitFor('all have begun', async () => (await files()).length === LIMITS.maxUploadsUnderWay, 30_000, 10);
    const response = await send(FINE);
    expect(response.headers.get('retry-after')).not.toBeNull();
    expect(await problemOf(response)).toEqual({ status: 429, code: 'too-many-uploads' });
    for (const asking of senders) asking.destroy();
    await waitFor('nothing is left', async () => (await files()).length === 0, 30_000, 10);
    expect((await send(FINE)).status).toBe(201);
  });
});

describe('a deployment', () => {
  test('has a ref or an upload, not both', async () => {
    const { id } = await api.client.upload('folder', new Blob([FINE]).stream());
    expect(await problemOf(await api.post('/v1/apps/folder/deployments', { ref: 'main', upload: id }))).toEqual({
      status: 400,
      code: 'invalid-input',
    });
  });

  test('of a ref needs a repository', async () => {
    expect(await problemOf(await api.post('/v1/apps/folder/deployments', {}))).toEqual({
      status: 409,
      code: 'no-repository',
    });
    expect(await problemOf(await api.post('/v1/apps', { name: 'with-branch', branch: 'main' }))).toEqual({
      status: 400,
      code: 'invalid-input',
    });
  });

  test('of an app without a repository is shown as any other', async () => {
    expect(await api.client.app('folder')).toMatchObject({ repository: null, branch: null });
    expect((await api.client.listApps()).find(({ name }) => name === 'folder')?.repository).toBeNull();
  });
});
